package poll

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const pollRDHUP = unix.POLLRDHUP

// sysPoll is poll in the form that every Linux has, with a timeout in
// nanoseconds. One that cannot block is raw: see Poller.Wait.
func sysPoll(fds []unix.PollFd, timeout int64) (int, unix.Errno) {
	set, size, ts := unsafe.Pointer(&fds[0]), uintptr(len(fds)), timespec(timeout)
	if timeout == 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(set), size, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		return int(n), errno
	}
	if timeout < 0 {
		n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(set), size, 0, 0, 0, 0)
		return int(n), errno
	}
	n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(set), size, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	return int(n), errno
}

// sysSelect is select likewise, for the descriptors below top.
func sysSelect(top int, sets *[3]unix.FdSet, timeout int64) (int, unix.Errno) {
	size, ts := uintptr(top), timespec(timeout)
	r, w, x := unsafe.Pointer(&sets[0]), unsafe.Pointer(&sets[1]), unsafe.Pointer(&sets[2])
	if timeout == 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_PSELECT6, size, uintptr(r), uintptr(w), uintptr(x), uintptr(unsafe.Pointer(&ts)), 0)
		return int(n), errno
	}
	if timeout < 0 {
		n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, size, uintptr(r), uintptr(w), uintptr(x), 0, 0)
		return int(n), errno
	}
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, size, uintptr(r), uintptr(w), uintptr(x), uintptr(unsafe.Pointer(&ts)), 0)
	return int(n), errno
}

func timespec(timeout int64) unix.Timespec { return unix.NsecToTimespec(max(timeout, 0)) }

// bell is a descriptor that becomes readable when it is rung and stays so until
// it is hushed: an eventfd. It cannot be full: it counts to 2^64-1.
type bell struct{ fd int }

func newBell() (bell, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return bell{fd}, os.NewSyscallError("eventfd2", err)
}

func (b bell) ring() {
	one := uint64(1)
	unix.RawSyscall(unix.SYS_WRITE, uintptr(b.fd), uintptr(unsafe.Pointer(&one)), 8)
}

func (b bell) hush() {
	var count uint64
	unix.RawSyscall(unix.SYS_READ, uintptr(b.fd), uintptr(unsafe.Pointer(&count)), 8)
}

func (b bell) close() { unix.Close(b.fd) }
