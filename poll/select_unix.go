//go:build linux || darwin

package poll

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// selectSet is select's form of a set: for each thing that can be asked, a bit
// for each descriptor. The C library fixed their number, FD_SETSIZE, decades
// ago. The Linux kernel would take longer arrays; a select with them is none
// that any other program has.
//
// select does not tell Hangup and Failed from Readable and Writable. Who waits
// for these is told, and learns the rest from his read or write.
type selectSet struct {
	wanted [3]unix.FdSet // in the order of selectAsks
	passed [3]unix.FdSet // the kernel writes into it during a call
	closed unix.FdSet    // those found closed by the last call
	top    int           // of the last pass
}

// selectAsks is what the three arrays ask.
var selectAsks = [3]Ready{Readable, Writable, Urgent}

func newSelect() (Poller, error) { return newLevel(new(selectSet)) }

func (*selectSet) name() string { return "select" }

func (*selectSet) fits(fd int) error {
	if fd < unix.FD_SETSIZE {
		return nil
	}
	return setSizeError{fd}
}

// setSizeError refuses a descriptor. The next may have a lower number, when
// others have been closed: so it is Temporary, and servers go on after an Accept
// that failed with it.
type setSizeError struct{ fd int }

func (e setSizeError) Error() string {
	return fmt.Sprintf("select: descriptor %d is past FD_SETSIZE: select takes those below %d; use poll or epoll", e.fd, unix.FD_SETSIZE)
}

func (setSizeError) Temporary() bool { return true }

func (s *selectSet) want(fd int, r Ready) {
	for i, ask := range selectAsks {
		if r&ask != 0 {
			s.wanted[i].Set(fd)
		} else {
			s.wanted[i].Clear(fd)
		}
	}
}

func (s *selectSet) pass(top int) {
	s.passed, s.top = s.wanted, top
	s.closed.Zero()
}

func (s *selectSet) call(timeout int64) (found bool, errno unix.Errno) {
	n, errno := sysSelect(s.top, &s.passed, timeout)
	if errno == unix.EBADF {
		return s.findClosed(), 0
	}
	return n > 0 && errno == 0, errno
}

// findClosed finds out for which descriptors the call has failed. The kernel
// does not say; and it has left what was passed as it was.
func (s *selectSet) findClosed() (found bool) {
	for fd := range s.top {
		if s.ready(fd) == 0 {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			s.closed.Set(fd)
			found = true
		}
	}
	s.passed = [3]unix.FdSet{}
	return found
}

func (s *selectSet) next(from, to int) (int, Ready) {
	for fd := from; fd < to; fd++ {
		if r := s.ready(fd); r != 0 {
			return fd, r
		}
	}
	return to, 0
}

func (s *selectSet) ready(fd int) (r Ready) {
	for i, ask := range selectAsks {
		if s.passed[i].IsSet(fd) {
			r |= ask
		}
	}
	if s.closed.IsSet(fd) {
		r |= Failed | Readable | Writable
	}
	return r
}
