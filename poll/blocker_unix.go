//go:build linux || darwin

package poll

import (
	"os"

	"golang.org/x/sys/unix"
)

// Blocker is a system call that blocks its thread until one descriptor is ready:
// all that the model "blocking" needs. It has a descriptor of its own, for Wake.
type Blocker struct{ bell bell }

// NewBlocker makes one.
func NewBlocker() (*Blocker, error) {
	b, err := newBell()
	if err != nil {
		return nil, err
	}
	return &Blocker{b}, nil
}

// Block blocks the calling thread until fd is ready for want (Readable or
// Writable), or has failed, and returns true; or until Wake, or a signal, and
// returns false. One caller at a time. The state of fd is looked at in any case,
// so nothing that came before the call is missed.
//
// A Wake before Block ends it at once; one that ends it is spent.
func (b *Blocker) Block(fd int, want Ready) (ready bool) {
	fds := [2]unix.PollFd{{Fd: int32(fd), Events: pollMask(want)}, {Fd: int32(b.bell.fd), Events: unix.POLLIN}}
	if _, errno := sysPoll(fds[:], -1); errno != 0 {
		return false
	}
	if fds[1].Revents != 0 {
		b.bell.hush()
	}
	return fds[0].Revents != 0
}

// Wake ends the Block in progress, or the next. It may be called from anywhere.
func (b *Blocker) Wake() { b.bell.ring() }

// Close frees b, which nobody uses any more.
func (b *Blocker) Close() { b.bell.close() }

// Pollable returns why fd can't be waited for, or nil: the error that every
// Poller's Add gives for what is closed, a regular file or a directory.
func Pollable(fd int) error {
	if errno := pollable(fd); errno != 0 {
		return os.NewSyscallError("fstat", errno)
	}
	return nil
}
