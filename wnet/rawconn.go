package wnet

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// SyscallConn gives access to the descriptor. Whoever uses it may leave data
// unread or change the socket's ways, so from then on reads of it try the
// system call before they park.
func (fd *netFD) SyscallConn() (syscall.RawConn, error) {
	if fd.state.Load()&fdClosed != 0 {
		return nil, syscall.EINVAL
	}
	return &rawConn{fd}, nil
}

type rawConn struct{ fd *netFD }

func (c *rawConn) Control(f func(fd uintptr)) error {
	err := c.fd.using(func(s int) error {
		f(uintptr(s))
		c.fd.pd.Disturb()
		return nil
	})
	if err != nil {
		return c.fd.rawError("raw-control", err)
	}
	return nil
}

func (c *rawConn) Read(f func(fd uintptr) (done bool)) error {
	return c.loop("raw-read", sched.Reading, trace.WaitIORead, f)
}

func (c *rawConn) Write(f func(fd uintptr) (done bool)) error {
	return c.loop("raw-write", sched.Writing, trace.WaitIOWrite, f)
}

// loop calls f until it is done, each time that the side is ready.
func (c *rawConn) loop(op string, side sched.Side, why trace.Reason, f func(fd uintptr) bool) error {
	if err := c.fd.lock(side); err != nil {
		return c.fd.rawError(op, err)
	}
	defer c.fd.unlock(side)
	pd := c.fd.pd
	pd.Disturb()
	if err := pd.Begin(side); err != nil {
		return c.fd.rawError(op, err)
	}
	for {
		pd.Arm(side)
		if f(uintptr(c.fd.sysfd)) {
			return nil
		}
		if err := pd.Wait(side, why); err != nil {
			return c.fd.rawError(op, err)
		}
	}
}

func (fd *netFD) rawError(op string, err error) error {
	if fd.kind.listens {
		return fd.listenError(op, err)
	}
	return fd.opError(op, err)
}

// File returns a duplicate of the descriptor as an *os.File, which the caller
// must close. Closing one does not close the other.
func (fd *netFD) File() (f *os.File, err error) {
	err = fd.using(func(s int) error {
		dup, err := unix.FcntlInt(uintptr(s), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("fcntl", err)
		}
		fd.pd.Disturb()
		f = os.NewFile(uintptr(dup), fd.name())
		return nil
	})
	if err != nil {
		err = fd.rawError("file", err)
	}
	return f, err
}

// name is what the *os.File of fd is called, as "tcp:127.0.0.1:80->127.0.0.1:90".
func (fd *netFD) name() string {
	name := fd.kind.network + ":"
	if a := fd.LocalAddr(); a != nil {
		name += a.String()
	}
	name += "->"
	if a := fd.RemoteAddr(); a != nil {
		name += a.String()
	}
	return name
}

// control gives a socket that isn't connected yet to a user's Control function.
type control struct{ s int }

func (c control) Control(f func(fd uintptr)) error  { f(uintptr(c.s)); return nil }
func (c control) Read(func(fd uintptr) bool) error  { return syscall.EINVAL }
func (c control) Write(func(fd uintptr) bool) error { return syscall.EINVAL }
