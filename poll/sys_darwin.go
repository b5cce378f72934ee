package poll

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// pollRDHUP: this system's poll has no name for a peer that ended its writing;
// it is Readable, and sometimes POLLHUP.
const pollRDHUP = 0

// sysPoll is poll. Timeouts are rounded up to its milliseconds. Here every
// system call goes through the C library and Go's scheduler hears of it.
func sysPoll(fds []unix.PollFd, timeout int64) (int, unix.Errno) {
	n, err := unix.Poll(fds, millis(timeout))
	return n, errnoOf(err)
}

// sysSelect is select, for the descriptors below top. Timeouts are rounded up
// to its microseconds.
func sysSelect(top int, sets *[3]unix.FdSet, timeout int64) (int, unix.Errno) {
	var tv *unix.Timeval
	if timeout >= 0 {
		const most = 1e8 * 1e9 // select refuses more than 10^8 seconds
		t := unix.NsecToTimeval(min(timeout, most-1e3) + 999)
		tv = &t
	}
	n, err := unix.Select(top, &sets[0], &sets[1], &sets[2], tv)
	return n, errnoOf(err)
}

func errnoOf(err error) unix.Errno {
	if err == nil {
		return 0
	}
	return err.(unix.Errno)
}

// bell is a descriptor that becomes readable when it is rung and stays so until
// it is hushed: a pipe. Its owner rings it once at most before he hushes it.
type bell struct{ fd, in int }

func newBell() (bell, error) {
	var p [2]int
	syscall.ForkLock.RLock() // no child may be started in between
	err := unix.Pipe(p[:])
	if err == nil {
		unix.CloseOnExec(p[0])
		unix.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return bell{}, os.NewSyscallError("pipe", err)
	}
	b := bell{fd: p[0], in: p[1]}
	for _, fd := range p {
		if err := unix.SetNonblock(fd, true); err != nil {
			b.close()
			return bell{}, os.NewSyscallError("fcntl", err)
		}
	}
	return b, nil
}

func (b bell) ring() {
	for {
		if _, err := unix.Write(b.in, []byte{0}); err != unix.EINTR {
			return
		}
	}
}

func (b bell) hush() {
	var p [8]byte
	for {
		if _, err := unix.Read(b.fd, p[:]); err != unix.EINTR {
			return
		}
	}
}

func (b bell) close() {
	unix.Close(b.fd)
	unix.Close(b.in)
}
