//go:build !linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// foreground reports whether weft is in the foreground of a terminal.
func foreground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
