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

// Dialer is how to connect, as net.Dialer. The zero value is usual.
type Dialer struct {
	// Timeout and Deadline limit the whole of Dial, looking up the host name and
	// trying each of its addresses included. 0 means no limit but the system's.
	Timeout  time.Duration
	Deadline time.Time

	// LocalAddr is where to connect from, a *net.TCPAddr; nil means anywhere.
	LocalAddr net.Addr

	// KeepAlive is when an idle connection is probed; 0 means 15 seconds, less
	// never. KeepAliveConfig says it in detail.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig

	// Resolver looks up host names; nil means net.DefaultResolver.
	Resolver *net.Resolver

	// Control is called with the socket after it is made and before it is bound
	// and connected. ControlContext goes before it, and gets Dial's context.
	Control        func(network, address string, c syscall.RawConn) error
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error
}

// Dial connects to the address, as net.Dial. The network must be "tcp", "tcp4"
// or "tcp6". It parks until the connection is made or has failed.
func Dial(network, address string) (net.Conn, error) { return new(Dialer).Dial(network, address) }

// DialTimeout is Dial with a limit.
func DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return (&Dialer{Timeout: timeout}).Dial(network, address)
}

// Dial is the function Dial with d's settings.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext is Dial until ctx is done. Once it has returned a connection, ctx
// does not matter any more.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if limit := d.limit(time.Now()); !limit.IsZero() {
		sub, cancel := context.WithDeadline(ctx, limit)
		defer cancel()
		ctx = sub
	}
	r := d.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	addrs, err := resolve(ctx, r, network, address)
	if err == nil {
		addrs, err = d.reachable(addrs, address)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	c, err := d.dialEach(ctx, network, addrs)
	if err != nil {
		return nil, err // not a nil *TCPConn
	}
	return c, nil
}

// limit returns when d gives up: the earlier of its two limits, zero for never.
func (d *Dialer) limit(now time.Time) time.Time {
	limit := d.Deadline
	if d.Timeout != 0 {
		if t := now.Add(d.Timeout); limit.IsZero() || t.Before(limit) {
			limit = t
		}
	}
	return limit
}

// reachable drops the addresses that LocalAddr's family can't reach.
func (d *Dialer) reachable(addrs []netip.AddrPort, address string) ([]netip.AddrPort, error) {
	local, err := d.local()
	if err != nil || !local.Addr().IsValid() || local.Addr().IsUnspecified() {
		return addrs, err
	}
	var some []netip.AddrPort
	for _, a := range addrs {
		if a.Addr().Unmap().Is4() == local.Addr().Unmap().Is4() {
			some = append(some, a)
		}
	}
	if some == nil {
		return nil, &net.AddrError{Err: "no suitable address", Addr: address}
	}
	return some, nil
}

// local returns LocalAddr in our form, invalid for nil.
func (d *Dialer) local() (netip.AddrPort, error) {
	switch a := d.LocalAddr.(type) {
	case nil:
		return netip.AddrPort{}, nil
	case *net.TCPAddr:
		if a == nil {
			return netip.AddrPort{}, nil
		}
		ip, _ := netip.AddrFromSlice(a.IP)
		if !ip.IsValid() {
			ip = netip.IPv6Unspecified()
		}
		return netip.AddrPortFrom(ip.WithZone(a.Zone), uint16(a.Port)), nil
	}
	return netip.AddrPort{}, &net.AddrError{Err: "mismatched local address type", Addr: d.LocalAddr.String()}
}

// dialEach tries one address after the other, each with its share of the time
// that is left. If all fail, the first one's error is returned.
func (d *Dialer) dialEach(ctx context.Context, network string, addrs []netip.AddrPort) (*TCPConn, error) {
	var first error
	for i, ap := range addrs {
		c, err := d.dialShare(ctx, network, ap, len(addrs)-i)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: tcpAddr(ap), Err: err}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (d *Dialer) dialShare(ctx context.Context, network string, ap netip.AddrPort, left int) (*TCPConn, error) {
	if end, ok := ctx.Deadline(); ok && left > 1 {
		const least = 2 * time.Second // a smaller share is hardly a chance
		rest := time.Until(end)
		share := min(max(rest/time.Duration(left), least), rest)
		sub, cancel := context.WithTimeout(ctx, share)
		defer cancel()
		ctx = sub
	}
	if err := ctx.Err(); err != nil {
		return nil, ctxError(err)
	}
	for range 2 {
		c, err := d.dialTCP(ctx, network, ap)
		if d.LocalAddr != nil || !spurious(c, err) {
			return c, err
		}
		if c != nil {
			c.Close()
		}
	}
	return d.dialTCP(ctx, network, ap)
}

// loopback is what a wildcard means to one who connects: this machine.
func loopback(network string) netip.Addr {
	if network == "tcp6" {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// spurious: a connect to a port on which nobody listens can be given that same
// port as its own and find itself; or the kernel runs out of ports for a moment.
func spurious(c *TCPConn, err error) bool {
	if err != nil {
		se, ok := err.(*os.SyscallError)
		return ok && se.Err == unix.EADDRNOTAVAIL
	}
	return c.laddr.ap == c.raddr.ap
}

func (d *Dialer) dialTCP(ctx context.Context, network string, ap netip.AddrPort) (*TCPConn, error) {
	if ip := ap.Addr(); !ip.IsValid() || ip.IsUnspecified() {
		ap = netip.AddrPortFrom(loopback(network), ap.Port())
	}
	family := unix.AF_INET6
	if ap.Addr().Unmap().Is4() {
		family = unix.AF_INET
	}
	s, err := sysSocket(family, unix.SOCK_STREAM)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	c, err := d.connect(ctx, s, family, &kind{network: network, stream: true}, ap)
	if err != nil && c == nil {
		unix.Close(s)
	} else if err != nil {
		c.close()
		c = nil
	}
	return c, err
}

// connect connects the socket s. A connection returned with an error must be
// closed, and s with it.
func (d *Dialer) connect(ctx context.Context, s, family int, k *kind, ap netip.AddrPort) (*TCPConn, error) {
	sa, err := sockaddr(ap, family)
	if err != nil {
		return nil, err
	}
	if err := d.control(ctx, s, family, sa); err != nil {
		return nil, err
	}
	if err := d.bindLocal(s, family); err != nil {
		return nil, err
	}
	err = unix.Connect(s, sa)
	if err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
		return nil, os.NewSyscallError("connect", err)
	}
	// Only now may the poller see s: a socket that was never connected looks
	// hung up.
	c, oerr := newTCPConn(sched.Current(), s, k, sa, keepAlive(d.KeepAlive, d.KeepAliveConfig), true)
	if oerr != nil {
		return nil, oerr
	}
	if err != nil {
		err = c.awaitConnect(ctx)
	}
	if err != nil {
		return c, err
	}
	local, _ := unix.Getsockname(s)
	c.laddr.set(local)
	return c, nil
}

func (d *Dialer) control(ctx context.Context, s, family int, sa unix.Sockaddr) error {
	network, address := familyName(family), tcpAddr(addrPort(sa)).String()
	switch {
	case d.ControlContext != nil:
		return d.ControlContext(ctx, network, address, control{s})
	case d.Control != nil:
		return d.Control(network, address, control{s})
	}
	return nil
}

func (d *Dialer) bindLocal(s, family int) error {
	local, err := d.local()
	if err != nil || !local.IsValid() {
		return err
	}
	sa, err := sockaddr(local, family)
	if err != nil {
		return err
	}
	return os.NewSyscallError("bind", unix.Bind(s, sa))
}

// awaitConnect parks until the connect that is under way is over or ctx is done.
func (c *TCPConn) awaitConnect(ctx context.Context) error {
	if end, ok := ctx.Deadline(); ok {
		c.pd.SetDeadline(sched.Writing, c.pd.Sched().When(end))
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { c.pd.SetDeadline(sched.Writing, 1) })
	}
	err := c.connected()
	if !stop() && err == nil {
		err = os.ErrDeadlineExceeded // too late: the deadline may yet be set to the past
	}
	if err == os.ErrDeadlineExceeded {
		if ctx.Err() != nil {
			return ctxError(ctx.Err())
		}
		return ctxError(context.DeadlineExceeded)
	}
	c.pd.SetDeadline(sched.Writing, 0)
	return err
}

func (c *TCPConn) connected() error {
	for {
		c.pd.Arm(sched.Writing)
		errno, err := unix.GetsockoptInt(c.sysfd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		if errno != 0 {
			return os.NewSyscallError("connect", unix.Errno(errno))
		}
		if _, err := unix.Getpeername(c.sysfd); err == nil {
			c.pd.More(sched.Writing)
			return nil
		}
		if err := c.pd.Wait(sched.Writing, trace.WaitIOConnect); err != nil {
			return err
		}
	}
}
