package seam

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ringFile returns a file that has no name but the one by which the kernel
// shows this process's descriptors.
func ringFile() (*os.File, string, error) {
	fd, err := unix.MemfdCreate("weft ring", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, "", err
	}
	return os.NewFile(uintptr(fd), "weft ring"), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), nil
}

func removeRing(string) {}
