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

	// LocalAddr is where to connect from: a *net.TCPAddr, *net.UDPAddr or
	// *net.UnixAddr, as the network demands. nil means anywhere.
	LocalAddr net.Addr

	// FallbackDelay is how long, on network "tcp", an address of the family that
	// the resolver prefers has the field for itself before one of the other is
	// tried beside it (RFC 6555). 0 means 300 ms, less never.
	FallbackDelay time.Duration

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

// Dial connects to the address, as net.Dial. The network must be "tcp", "udp",
// either with a 4 or a 6, "unix", "unixgram" or "unixpacket". It parks until the
// connection is made or has failed.
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
	switch network {
	case "unix", "unixgram", "unixpacket":
		return d.dialUnix(ctx, network, address)
	}
	r := d.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	addrs, err := resolve(ctx, r, network, address)
	if err == nil {
		addrs, err = d.reachable(network, addrs, address)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return d.dialAny(ctx, network, addrs)
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
func (d *Dialer) reachable(network string, addrs []netip.AddrPort, address string) ([]netip.AddrPort, error) {
	local, err := d.local(network)
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
func (d *Dialer) local(network string) (netip.AddrPort, error) {
	var ip net.IP
	var zone string
	var port int
	switch a := d.LocalAddr.(type) {
	case nil:
		return netip.AddrPort{}, nil
	case *net.TCPAddr:
		if a == nil {
			return netip.AddrPort{}, nil
		}
		ip, zone, port = a.IP, a.Zone, a.Port
	case *net.UDPAddr:
		if a == nil {
			return netip.AddrPort{}, nil
		}
		ip, zone, port = a.IP, a.Zone, a.Port
	}
	if d.LocalAddr.Network() != network[:min(len(network), 3)] {
		return netip.AddrPort{}, &net.AddrError{Err: "mismatched local address type", Addr: d.LocalAddr.String()}
	}
	addr, _ := netip.AddrFromSlice(ip)
	if !addr.IsValid() {
		addr = netip.IPv6Unspecified()
	}
	return netip.AddrPortFrom(addr.WithZone(zone), uint16(port)), nil
}

// dialEach tries one address after the other, each with its share of the time
// that is left. If all fail, the first one's error is returned.
func (d *Dialer) dialEach(ctx context.Context, network string, addrs []netip.AddrPort) (net.Conn, error) {
	var first error
	for i, ap := range addrs {
		c, err := d.dialShare(ctx, network, ap, len(addrs)-i)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: netAddr(network, ap), Err: err}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (d *Dialer) dialShare(ctx context.Context, network string, ap netip.AddrPort, left int) (net.Conn, error) {
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
	if network[0] == 'u' {
		c := new(UDPConn)
		return c, d.dialIP(ctx, &c.netFD, &kind{network: network, sotype: unix.SOCK_DGRAM}, ap)
	}
	for tries := 0; ; tries++ {
		c := new(TCPConn)
		err := d.dialIP(ctx, &c.netFD, &kind{network: network, sotype: unix.SOCK_STREAM}, ap)
		if tries == 2 || d.LocalAddr != nil || !spurious(c, err) {
			return c, err
		}
		if err == nil {
			c.Close()
		}
	}
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
	return c.laddr.equal(&c.raddr)
}

// dialIP connects fd, a socket of k, to ap.
func (d *Dialer) dialIP(ctx context.Context, fd *netFD, k *kind, ap netip.AddrPort) error {
	if ip := ap.Addr(); !ip.IsValid() || ip.IsUnspecified() {
		ap = netip.AddrPortFrom(loopback(k.network), ap.Port())
	}
	family := unix.AF_INET6
	if ap.Addr().Unmap().Is4() {
		family = unix.AF_INET
	}
	sa, err := sockaddr(ap, family)
	if err != nil {
		return err
	}
	var from unix.Sockaddr
	if local, err := d.local(k.network); err != nil {
		return err
	} else if local.IsValid() {
		if from, err = sockaddr(local, family); err != nil {
			return err
		}
	}
	return d.dialSocket(ctx, fd, k, family, from, sa)
}

// dialUnix connects to the socket of that path.
func (d *Dialer) dialUnix(ctx context.Context, network, path string) (net.Conn, error) {
	c := new(UnixConn)
	to := &net.UnixAddr{Name: path, Net: network}
	from, err := d.localUnix(network)
	if err == nil && ctx.Err() != nil {
		err = ctxError(ctx.Err())
	}
	if err == nil {
		k := &kind{network: network, sotype: unixType(network)}
		err = d.dialSocket(ctx, &c.netFD, k, unix.AF_UNIX, from, &unix.SockaddrUnix{Name: path})
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: to, Err: err}
	}
	return c, nil
}

func (d *Dialer) localUnix(network string) (unix.Sockaddr, error) {
	switch a := d.LocalAddr.(type) {
	case nil:
		return nil, nil
	case *net.UnixAddr:
		if a == nil {
			return nil, nil
		}
		if a.Net == network {
			return &unix.SockaddrUnix{Name: a.Name}, nil
		}
	}
	return nil, &net.AddrError{Err: "mismatched local address type", Addr: d.LocalAddr.String()}
}

// dialSocket makes fd a socket that is bound to from, if that isn't nil, and
// connected to sa.
func (d *Dialer) dialSocket(ctx context.Context, fd *netFD, k *kind, family int, from, sa unix.Sockaddr) error {
	s, err := sysSocket(family, k.sotype)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if k.sotype == unix.SOCK_DGRAM && family != unix.AF_UNIX {
		unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
	}
	err = d.prepare(ctx, s, k, family, from, sa)
	var pending bool
	if err == nil {
		pending, err = connect(s, sa)
	}
	if err == nil {
		// Only now may the poller see s: a socket that was never connected looks
		// hung up.
		err = fd.init(sched.Current(), s, k, nil, sa)
	}
	if err != nil {
		unix.Close(s)
		return err
	}
	if k.network[0] == 't' {
		setTCPOptions(s, keepAlive(d.KeepAlive, d.KeepAliveConfig))
	}
	if pending {
		if err := fd.awaitConnect(ctx); err != nil {
			fd.close()
			return err
		}
	}
	local, _ := unix.Getsockname(s)
	fd.laddr.set(k, local)
	return nil
}

// prepare is what comes between the making of the socket s and its connect.
func (d *Dialer) prepare(ctx context.Context, s int, k *kind, family int, from, sa unix.Sockaddr) error {
	network, address := familyName(k.network, family), addrString(k, sa)
	var err error
	switch {
	case d.ControlContext != nil:
		err = d.ControlContext(ctx, network, address, control{s})
	case d.Control != nil:
		err = d.Control(network, address, control{s})
	}
	if err != nil || from == nil {
		return err
	}
	return os.NewSyscallError("bind", unix.Bind(s, from))
}

// connect begins to connect s; pending means that it isn't over.
func connect(s int, sa unix.Sockaddr) (pending bool, err error) {
	switch err := unix.Connect(s, sa); err {
	case nil:
		return false, nil
	case unix.EINPROGRESS, unix.EINTR:
		return true, nil
	default:
		return false, os.NewSyscallError("connect", err)
	}
}

// awaitConnect parks until the connect that is under way is over or ctx is done.
func (fd *netFD) awaitConnect(ctx context.Context) error {
	pd := fd.pd
	if end, ok := ctx.Deadline(); ok {
		pd.SetDeadline(sched.Writing, pd.Sched().When(end))
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { pd.SetDeadline(sched.Writing, 1) })
	}
	err := fd.connected()
	if !stop() && err == nil {
		err = os.ErrDeadlineExceeded // too late: the deadline may yet be set to the past
	}
	if err == os.ErrDeadlineExceeded {
		if ctx.Err() != nil {
			return ctxError(ctx.Err())
		}
		return ctxError(context.DeadlineExceeded)
	}
	pd.SetDeadline(sched.Writing, 0)
	return err
}

func (fd *netFD) connected() error {
	for {
		fd.pd.Arm(sched.Writing)
		errno, err := unix.GetsockoptInt(int(fd.sysfd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		if errno != 0 {
			return os.NewSyscallError("connect", unix.Errno(errno))
		}
		if _, err := unix.Getpeername(int(fd.sysfd)); err == nil {
			fd.pd.More(sched.Writing)
			return nil
		}
		if err := fd.pd.Wait(sched.Writing, trace.WaitIOConnect); err != nil {
			return err
		}
	}
}
