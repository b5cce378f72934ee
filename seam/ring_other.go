//go:build !linux

package seam

import "os"

// ringFile returns a file in the directory for temporary files.
func ringFile() (*os.File, string, error) {
	f, err := os.CreateTemp("", "weft-ring-")
	if err != nil {
		return nil, "", err
	}
	return f, f.Name(), nil
}

func removeRing(path string) { os.Remove(path) }
