package tester

import "syscall"

// workerAttr: a group of its own, so that nothing a test starts outlives it, which ends with this process.
func workerAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
