package wnet

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

// TCPConn is a TCP connection, with the methods of net.TCPConn. Any of them may
// be called by several coroutines and goroutines at once.
type TCPConn struct{ netFD }

// Close closes the connection. Calls in progress fail with net.ErrClosed, and
// Close waits for them to return.
func (c *TCPConn) Close() error {
	if err := c.close(); err != nil {
		return c.opError("close", err)
	}
	return nil
}

// CloseRead shuts down the reading side: a parked Read returns io.EOF.
func (c *TCPConn) CloseRead() error { return c.shutdown(unix.SHUT_RD) }

// CloseWrite shuts down the writing side: the peer reads io.EOF.
func (c *TCPConn) CloseWrite() error { return c.shutdown(unix.SHUT_WR) }

func (c *TCPConn) shutdown(how int) error {
	err := c.using(func(s int) error { return os.NewSyscallError("shutdown", unix.Shutdown(s, how)) })
	if err != nil {
		return c.opError("close", err)
	}
	return nil
}

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

// SetReadBuffer sets the size of the kernel's receive buffer.
func (c *TCPConn) SetReadBuffer(bytes int) error { return c.buffer(unix.SO_RCVBUF, bytes) }

// SetWriteBuffer sets the size of the kernel's send buffer.
func (c *TCPConn) SetWriteBuffer(bytes int) error { return c.buffer(unix.SO_SNDBUF, bytes) }

func (c *TCPConn) buffer(opt, bytes int) error {
	err := c.using(func(s int) error { return setInt(s, unix.SOL_SOCKET, opt, bytes) })
	if err != nil {
		return c.setError(err)
	}
	return nil
}

func (c *TCPConn) option(set func(s int) error) error {
	if err := c.using(set); err != nil {
		return c.opError("set", err)
	}
	return nil
}

// using calls f with the descriptor, which stays open meanwhile.
func (fd *netFD) using(f func(s int) error) error {
	if err := fd.incref(); err != nil {
		return err
	}
	defer fd.decref()
	return f(fd.sysfd)
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

func setInt(s, level, opt, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s, level, opt, value))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
