//go:build unix

package seam

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of f; shared: what is written is seen by all
// who map it.
func mapFile(f *os.File, size int, shared bool) ([]byte, error) {
	how := unix.MAP_PRIVATE
	if shared {
		how = unix.MAP_SHARED
	}
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, how)
}

func unmap(mem []byte) { unix.Munmap(mem) }
