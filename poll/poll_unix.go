//go:build linux || darwin

package poll

import "golang.org/x/sys/unix"

// pollSet is poll's form of a set: an array with a place for each descriptor,
// at its number. A place with a negative descriptor is passed over. There is no
// limit but the process's own on open files.
type pollSet struct {
	wanted []unix.PollFd
	passed []unix.PollFd // the kernel writes into it during a call
}

func newPoll() (Poller, error) { return newLevel(new(pollSet)) }

func (*pollSet) name() string { return "poll" }

func (*pollSet) fits(int) error { return nil }

func (s *pollSet) want(fd int, r Ready) {
	for len(s.wanted) <= fd {
		s.wanted = append(s.wanted, unix.PollFd{Fd: -1})
	}
	// An error or a hangup is reported of every descriptor in the set, asked or
	// not: one of which nothing is wanted must not be in it.
	s.wanted[fd] = unix.PollFd{Fd: -1}
	if r != 0 {
		s.wanted[fd] = unix.PollFd{Fd: int32(fd), Events: pollMask(r)}
	}
}

func (s *pollSet) pass(top int) { s.passed = append(s.passed[:0], s.wanted[:top]...) }

func (s *pollSet) call(timeout int64) (found bool, errno unix.Errno) {
	n, errno := sysPoll(s.passed, timeout)
	return n > 0 && errno == 0, errno
}

func (s *pollSet) next(from, to int) (int, Ready) {
	for fd := from; fd < to; fd++ {
		if mask := s.passed[fd].Revents; mask != 0 {
			return fd, pollReady(mask)
		}
	}
	return to, 0
}

func pollMask(r Ready) (mask int16) {
	if r&Readable != 0 {
		mask |= unix.POLLIN | pollRDHUP
	}
	if r&Writable != 0 {
		mask |= unix.POLLOUT
	}
	if r&Urgent != 0 {
		mask |= unix.POLLPRI
	}
	return mask
}

func pollReady(mask int16) (r Ready) {
	if mask&unix.POLLIN != 0 {
		r |= Readable
	}
	if mask&unix.POLLOUT != 0 {
		r |= Writable
	}
	if mask&unix.POLLPRI != 0 {
		r |= Urgent
	}
	if mask&pollRDHUP != 0 {
		r |= Hangup | Readable
	}
	if mask&unix.POLLHUP != 0 {
		r |= Hangup | Readable | Writable
	}
	if mask&(unix.POLLERR|unix.POLLNVAL) != 0 {
		r |= Failed | Readable | Writable
	}
	return r
}
