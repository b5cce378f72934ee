package wnet

import (
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

// TCPConn is a TCP connection, with the methods of net.TCPConn. Any of them may
// be called by several coroutines and goroutines at once.
type TCPConn struct{ netFD }

// CloseRead shuts down the reading side: a parked Read returns io.EOF.
func (c *TCPConn) CloseRead() error { return c.shutdown(unix.SHUT_RD) }

// CloseWrite shuts down the writing side: the peer reads io.EOF.
func (c *TCPConn) CloseWrite() error { return c.shutdown(unix.SHUT_WR) }

// SetNoDelay sets whether small writes are sent at once (the default) or
// gathered (Nagle's algorithm).
func (c *TCPConn) SetNoDelay(on bool) error {
	return c.option(func(s int) error { return setNoDelay(s, on) })
}

// SetKeepAlive turns keep-alive probes on or off.
func (c *TCPConn) SetKeepAlive(on bool) error {
	return c.option(func(s int) error { return setInt(s, unix.SOL_SOCKET, unix.SO_KEEPALIVE, btoi(on)) })
}

// SetKeepAlivePeriod sets how long the connection is idle before the first probe.
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	return c.option(func(s int) error { return setInt(s, unix.IPPROTO_TCP, tcpKeepIdle, seconds(d)) })
}

// SetKeepAliveConfig sets all of keep-alive, as net.TCPConn's.
func (c *TCPConn) SetKeepAliveConfig(cfg net.KeepAliveConfig) error {
	return c.option(func(s int) error { return setKeepAlive(s, cfg) })
}

// SetLinger sets what Close does with data not yet sent: sec < 0 sends it in
// the background (the default), 0 discards it and resets the connection, and
// sec > 0 blocks for up to as many seconds.
func (c *TCPConn) SetLinger(sec int) error {
	l := unix.Linger{Onoff: 1, Linger: int32(sec)}
	if sec < 0 {
		l = unix.Linger{}
	}
	return c.option(func(s int) error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptLinger(s, unix.SOL_SOCKET, unix.SO_LINGER, &l))
	})
}

func (c *TCPConn) option(set func(s int) error) error {
	if err := c.using(set); err != nil {
		return c.opError("set", err)
	}
	return nil
}

// newTCPConn makes a connection of the socket s with its usual options set. On
// an error s is still the caller's.
func newTCPConn(rt *sched.Sched, s int, k *kind, remote unix.Sockaddr, ka net.KeepAliveConfig, setOptions bool) (*TCPConn, error) {
	local, _ := unix.Getsockname(s)
	if setOptions {
		setTCPOptions(s, ka)
	}
	c := new(TCPConn)
	if err := c.init(rt, s, k, local, remote); err != nil {
		return nil, err
	}
	return c, nil
}

// TCPListener listens for TCP connections.
type TCPListener struct {
	listener
	keepAlive net.KeepAliveConfig
}

func (lc *ListenConfig) listenTCP(network string, ap netip.AddrPort) (*TCPListener, error) {
	l := &TCPListener{keepAlive: keepAlive(lc.KeepAlive, lc.KeepAliveConfig)}
	l.conns = &kind{network: network, sotype: unix.SOCK_STREAM}
	if err := lc.bindIP(&l.fd, &kind{network: network, sotype: unix.SOCK_STREAM, listens: true}, ap); err != nil {
		return nil, err
	}
	if inheritsOptions {
		setTCPOptions(int(l.fd.sysfd), l.keepAlive)
	}
	return l, nil
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
func (l *TCPListener) AcceptTCP() (c *TCPConn, err error) {
	err = l.accept(func(s int, remote unix.Sockaddr) (err error) {
		c, err = newTCPConn(l.fd.pd.Sched(), s, l.conns, remote, l.keepAlive, !inheritsOptions)
		return err
	})
	return c, err
}

// setTCPOptions sets what every connection has: no delay, and keep-alive unless
// that was turned off. As in package net, failure is of no consequence.
func setTCPOptions(s int, ka net.KeepAliveConfig) {
	setNoDelay(s, true)
	if ka.Enable {
		setKeepAlive(s, ka)
	}
}

// keepAlive combines the two ways of saying it, as package net does.
func keepAlive(idle time.Duration, cfg net.KeepAliveConfig) net.KeepAliveConfig {
	if !cfg.Enable && idle >= 0 {
		return net.KeepAliveConfig{Enable: true, Idle: idle}
	}
	return cfg
}

func setNoDelay(s int, on bool) error { return setInt(s, unix.IPPROTO_TCP, unix.TCP_NODELAY, btoi(on)) }

// setKeepAlive: in cfg 0 means the usual value, and less leaves it alone.
func setKeepAlive(s int, cfg net.KeepAliveConfig) error {
	if err := setInt(s, unix.SOL_SOCKET, unix.SO_KEEPALIVE, btoi(cfg.Enable)); err != nil || !cfg.Enable {
		return err
	}
	const usual, usualCount = 15 * time.Second, 9
	for _, o := range []struct{ opt, value, usual int }{
		{tcpKeepIdle, seconds(cfg.Idle), seconds(usual)},
		{tcpKeepIntvl, seconds(cfg.Interval), seconds(usual)},
		{tcpKeepCnt, cfg.Count, usualCount},
	} {
		if o.value == 0 {
			o.value = o.usual
		}
		if o.value < 0 {
			continue
		}
		if err := setInt(s, unix.IPPROTO_TCP, o.opt, o.value); err != nil {
			return err
		}
	}
	return nil
}

// seconds rounds up; a negative duration stays negative.
func seconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((d + time.Second - 1) / time.Second)
}
