//go:build !linux

package tester

import "syscall"

// workerAttr: a group of its own, so that nothing a test starts outlives it.
func workerAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
