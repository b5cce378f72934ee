//go:build unix

package seam

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapShared(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func unmap(mem []byte) { unix.Munmap(mem) }
