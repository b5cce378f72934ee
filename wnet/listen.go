package wnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// ListenConfig is how to listen, as net.ListenConfig. The zero value is usual.
type ListenConfig struct {
	// Control is called with the socket after it is made and before it is bound.
	Control func(network, address string, c syscall.RawConn) error

	// KeepAlive is when an accepted connection that is idle is probed; 0 means
	// 15 seconds, less never. KeepAliveConfig says it in detail.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
}

// Listen listens on the local address, as net.Listen. The network must be
// "tcp", "tcp4" or "tcp6". It parks only to look up a host name.
func Listen(network, address string) (net.Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, address)
}

// Listen is the function Listen with lc's settings. The context ends the look-up
// of a host name, not the listener.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if address == "" {
		address = ":0"
	}
	addrs, err := resolve(ctx, net.DefaultResolver, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	ap := addrs[0]
	for _, a := range addrs {
		if a.Addr().Unmap().Is4() { // as in package net, IPv4 goes first
			ap = a
			break
		}
	}
	l, err := lc.listenTCP(network, ap)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: tcpAddr(ap), Err: err}
	}
	return l, nil
}

func (lc *ListenConfig) listenTCP(network string, ap netip.AddrPort) (*TCPListener, error) {
	family, v6only := listenFamily(network, ap.Addr())
	s, err := sysSocket(family, unix.SOCK_STREAM)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	l := &TCPListener{
		conns:     &kind{network: network, stream: true},
		keepAlive: keepAlive(lc.KeepAlive, lc.KeepAliveConfig),
	}
	if err := lc.bind(s, family, v6only, ap); err != nil {
		unix.Close(s)
		return nil, err
	}
	if inheritsOptions {
		setTCPOptions(s, l.keepAlive)
	}
	local, err := unix.Getsockname(s)
	if err == nil {
		err = l.fd.init(sched.Current(), s, &kind{network: network, listens: true}, local, nil)
	}
	if err != nil {
		unix.Close(s)
		return nil, err
	}
	return l, nil
}

// bind makes the socket s listen on ap.
func (lc *ListenConfig) bind(s, family int, v6only bool, ap netip.AddrPort) error {
	if family == unix.AF_INET6 {
		unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, btoi(v6only))
	}
	if err := setInt(s, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	sa, err := sockaddr(ap, family)
	if err != nil {
		return err
	}
	if lc.Control != nil {
		if err := lc.Control(familyName(family), tcpAddr(addrPort(sa)).String(), control{s}); err != nil {
			return err
		}
	}
	if err := unix.Bind(s, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	const backlog = 65535 // the kernel's own limit is lower and holds
	return os.NewSyscallError("listen", unix.Listen(s, backlog))
}

// TCPListener listens for TCP connections.
type TCPListener struct {
	fd        netFD
	conns     *kind
	keepAlive net.KeepAliveConfig
}

// Accept returns the next connection. It parks until there is one, the deadline
// passes or the listener is closed. When the process has run out of descriptors
// it waits for some to be closed; connections wait in the kernel meanwhile.
func (l *TCPListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err // not a nil *TCPConn
	}
	return c, nil
}

// AcceptTCP is Accept with the connection's own type.
func (l *TCPListener) AcceptTCP() (*TCPConn, error) {
	if err := l.fd.lock(sched.Reading); err != nil {
		return nil, l.fd.listenError("accept", err)
	}
	defer l.fd.unlock(sched.Reading)
	c, err := l.accept()
	if err != nil {
		return nil, l.fd.listenError("accept", err)
	}
	return c, nil
}

func (l *TCPListener) accept() (*TCPConn, error) {
	if err := l.fd.pd.Begin(sched.Reading); err != nil {
		return nil, err
	}
	s, remote, err := l.acceptSocket()
	if err != nil {
		return nil, err
	}
	var b backOff
	for {
		c, err := newTCPConn(l.fd.pd.Sched(), s, l.conns, remote, l.keepAlive, !inheritsOptions)
		if err == nil {
			return c, nil
		}
		if exhausted(err) { // the poller has no room: the connection isn't dropped for that
			err = b.wait(l.fd.pd)
		}
		if err != nil {
			unix.Close(s)
			return nil, err
		}
	}
}

// acceptSocket takes a connection from the kernel's queue.
func (l *TCPListener) acceptSocket() (s int, remote unix.Sockaddr, err error) {
	pd := l.fd.pd
	var b backOff
	for wait := l.fd.mustWait(); ; {
		if wait {
			if err := pd.Wait(sched.Reading, trace.WaitIOAccept); err != nil {
				return -1, nil, err
			}
		}
		pd.Arm(sched.Reading)
		s, remote, err := sysAccept(l.fd.sysfd)
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
func (l *TCPListener) Close() error {
	if err := l.fd.close(); err != nil {
		return l.fd.listenError("close", err)
	}
	return nil
}

// Addr returns the address that l listens on.
func (l *TCPListener) Addr() net.Addr { return l.fd.laddr.get() }

// SetDeadline sets the deadline of Accept; the zero time means never.
func (l *TCPListener) SetDeadline(t time.Time) error { return l.fd.SetDeadline(t) }

// SyscallConn gives access to the descriptor, as TCPConn's.
func (l *TCPListener) SyscallConn() (syscall.RawConn, error) { return l.fd.SyscallConn() }

// File returns a duplicate of the descriptor, as TCPConn's.
func (l *TCPListener) File() (*os.File, error) { return l.fd.File() }

func (fd *netFD) listenError(op string, err error) error {
	return &net.OpError{Op: op, Net: fd.kind.network, Addr: fd.laddr.get(), Err: netErr(err)}
}
