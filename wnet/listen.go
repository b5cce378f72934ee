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
)

// ListenConfig is how to listen, as net.ListenConfig. The zero value is usual.
type ListenConfig struct {
	// Control is called with the socket after it is made and before it is bound.
	Control func(network, address string, c syscall.RawConn) error

	// KeepAlive is when an accepted connection that is idle is probed; 0 means
	// 15 seconds, less never. KeepAliveConfig says it in detail.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig

	// ReusePort lets several sockets have the same address, each of which must
	// say so: the system spreads what comes among them. See also ListenEach.
	ReusePort bool
}

// Listen listens on the local address, as net.Listen. The network must be
// "tcp", "tcp4", "tcp6", "unix" or "unixpacket". It parks only to look up a host
// name.
func Listen(network, address string) (net.Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, address)
}

// ListenPacket listens for datagrams on the local address, as net.ListenPacket.
// The network must be "udp", "udp4", "udp6" or "unixgram".
func ListenPacket(network, address string) (net.PacketConn, error) {
	return new(ListenConfig).ListenPacket(context.Background(), network, address)
}

// Listen is the function Listen with lc's settings. The context ends the look-up
// of a host name, not the listener.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (l net.Listener, err error) {
	var at net.Addr
	switch network {
	case "tcp", "tcp4", "tcp6":
		var ap netip.AddrPort
		if ap, err = localAddr(ctx, network, address); err == nil {
			at = netAddr(network, ap)
			l, err = lc.listenTCP(network, ap)
		}
	case "unix", "unixpacket":
		at = &net.UnixAddr{Name: address, Net: network}
		l, err = lc.listenUnix(network, address)
	default:
		at, err = noListener(ctx, network, address)
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: at, Err: err}
	}
	return l, nil
}

// ListenPacket is the function ListenPacket with lc's settings.
func (lc *ListenConfig) ListenPacket(ctx context.Context, network, address string) (c net.PacketConn, err error) {
	var at net.Addr
	switch network {
	case "udp", "udp4", "udp6":
		var ap netip.AddrPort
		if ap, err = localAddr(ctx, network, address); err == nil {
			at = netAddr(network, ap)
			c, err = lc.listenUDP(network, ap)
		}
	case "unixgram":
		at = &net.UnixAddr{Name: address, Net: network}
		c, err = lc.listenUnixgram(network, address)
	default:
		at, err = noListener(ctx, network, address)
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: at, Err: err}
	}
	return c, nil
}

// noListener says why network can't be listened on in the way that was asked for.
func noListener(ctx context.Context, network, address string) (at net.Addr, err error) {
	switch network {
	case "unix", "unixgram", "unixpacket":
		at = &net.UnixAddr{Name: address, Net: network}
	default:
		ap, err := localAddr(ctx, network, address)
		if err != nil {
			return nil, err
		}
		at = netAddr(network, ap)
	}
	return at, &net.AddrError{Err: "unexpected address type", Addr: address}
}

// ListenEach listens n times on one address, as a listener for each P: the
// system spreads connections among them, so that accepters don't meet at one
// queue. A port of 0 becomes the same for all. They are closed one by one.
func (lc *ListenConfig) ListenEach(ctx context.Context, n int, network, address string) ([]net.Listener, error) {
	reuse := *lc
	reuse.ReusePort = true
	var list []net.Listener
	for range n {
		l, err := reuse.Listen(ctx, network, address)
		if err != nil {
			for _, l := range list {
				l.Close()
			}
			return nil, err
		}
		list = append(list, l)
		address = l.Addr().String()
	}
	return list, nil
}

// localAddr resolves what is to be listened on.
func localAddr(ctx context.Context, network, address string) (netip.AddrPort, error) {
	if address == "" {
		address = ":0"
	}
	addrs, err := resolve(ctx, net.DefaultResolver, network, address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for _, a := range addrs {
		if a.Addr().Unmap().Is4() { // as in package net, IPv4 goes first
			return a, nil
		}
	}
	return addrs[0], nil
}

// backlog is how many connections may wait to be accepted: the kernel's own
// limit is lower and holds.
const backlog = 65535

// bindIP makes a socket of k that is bound to ap, and listens on a stream.
func (lc *ListenConfig) bindIP(fd *netFD, k *kind, ap netip.AddrPort) error {
	family, v6only := listenFamily(k.network, ap.Addr())
	sa, err := sockaddr(ap, family)
	if err != nil {
		return err
	}
	return lc.bind(fd, k, family, sa, func(s int) error {
		if family == unix.AF_INET6 {
			unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, btoi(v6only))
		}
		if k.stream() {
			return setInt(s, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		}
		return setInt(s, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
	})
}

// bind makes fd a socket of k that is bound to sa, after options has set what it
// needs.
func (lc *ListenConfig) bind(fd *netFD, k *kind, family int, sa unix.Sockaddr, options func(s int) error) error {
	s, err := sysSocket(family, k.sotype)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err = options(s); err == nil {
		err = lc.bindSocket(fd, s, k, family, sa)
	}
	if err != nil {
		unix.Close(s)
	}
	return err
}

func (lc *ListenConfig) bindSocket(fd *netFD, s int, k *kind, family int, sa unix.Sockaddr) error {
	if lc.ReusePort {
		if err := setInt(s, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	if lc.Control != nil {
		if err := lc.Control(familyName(k.network, family), addrString(k, sa), control{s}); err != nil {
			return err
		}
	}
	if err := unix.Bind(s, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if k.listens {
		if err := unix.Listen(s, backlog); err != nil {
			return os.NewSyscallError("listen", err)
		}
	}
	local, err := unix.Getsockname(s)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	return fd.init(sched.Current(), s, k, local, nil)
}

// addrString is sa as Control functions are told.
func addrString(k *kind, sa unix.Sockaddr) string {
	var a addr
	a.set(k, sa)
	if at := a.get(k); at != nil {
		return at.String()
	}
	return ""
}
