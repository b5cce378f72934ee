package wnet

import (
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// listener is what TCPListener and UnixListener have in common.
type listener struct {
	fd    netFD
	conns *kind // of what is accepted
}

// accept takes a connection from the kernel's queue and calls made with it, in
// the runtime of the listener. made may fail for want of something that others
// will let go, and is then called again.
func (l *listener) accept(made func(s int, remote unix.Sockaddr) error) error {
	if err := l.fd.lock(sched.Reading); err != nil {
		return l.fd.listenError("accept", err)
	}
	defer l.fd.unlock(sched.Reading)
	s, remote, err := l.acceptSocket()
	if err != nil {
		return l.fd.listenError("accept", err)
	}
	var b backOff
	for {
		err := made(s, remote)
		if err == nil {
			return nil
		}
		if exhausted(err) { // the poller has no room: the connection isn't dropped for that
			err = b.wait(l.fd.pd)
		}
		if err != nil {
			unix.Close(s)
			return l.fd.listenError("accept", err)
		}
	}
}

func (l *listener) acceptSocket() (s int, remote unix.Sockaddr, err error) {
	pd := l.fd.pd
	if err := pd.Begin(sched.Reading); err != nil {
		return -1, nil, err
	}
	var b backOff
	for wait := l.fd.mustWait(); ; {
		if wait {
			if err := pd.Wait(sched.Reading, trace.WaitIOAccept); err != nil {
				return -1, nil, err
			}
		}
		pd.Arm(sched.Reading)
		s, remote, err := sysAccept(int(l.fd.sysfd))
		if wait = err == unix.EAGAIN; wait {
			continue
		}
		pd.More(sched.Reading)
		switch {
		case err == nil:
			return s, remote, nil
		case err == unix.EINTR || err == unix.ECONNABORTED: // the latter went before we came
		case exhausted(err):
			if err := b.wait(pd); err != nil {
				return -1, nil, err
			}
		default:
			return -1, nil, os.NewSyscallError("accept", err)
		}
	}
}

// backOff paces the tries of a listener while something is exhausted. Nobody
// says when it no longer is, so it asks again after 5 ms, 10 ms, ... 1 s.
type backOff struct{ ns int64 }

func (b *backOff) wait(pd *sched.PollDesc) error {
	b.ns = min(max(2*b.ns, int64(5*time.Millisecond)), int64(time.Second))
	return pd.Pause(sched.Reading, trace.WaitIOAccept, b.ns)
}

// exhausted reports whether err goes away when others let something go.
func exhausted(err error) bool {
	if se, ok := err.(*os.SyscallError); ok {
		err = se.Err
	}
	switch err {
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.ENOSPC:
		return true
	}
	return false
}

// Close stops listening. A parked Accept fails with net.ErrClosed; when Close
// returns, the address is free.
func (l *listener) Close() error {
	if err := l.fd.close(); err != nil {
		return l.fd.listenError("close", err)
	}
	return nil
}

// Addr returns the address that l listens on.
func (l *listener) Addr() net.Addr { return l.fd.LocalAddr() }

// SetDeadline sets the deadline of Accept; the zero time means never.
func (l *listener) SetDeadline(t time.Time) error { return l.fd.SetDeadline(t) }

// SyscallConn gives access to the descriptor, as a connection's.
func (l *listener) SyscallConn() (syscall.RawConn, error) { return l.fd.SyscallConn() }

// File returns a duplicate of the descriptor, as a connection's.
func (l *listener) File() (*os.File, error) { return l.fd.File() }

func (fd *netFD) listenError(op string, err error) error {
	return &net.OpError{Op: op, Net: fd.kind.network, Addr: fd.LocalAddr(), Err: netErr(err)}
}
