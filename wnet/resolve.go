package wnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

// resolve turns an address of a network into what it may stand for: at least
// one address and port. Names are looked up by r, in sched.Block, as that may
// block a thread; an IP address with a port number asks nobody.
func resolve(ctx context.Context, r *net.Resolver, network, address string) ([]netip.AddrPort, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	if address == "" {
		return nil, errors.New("missing address")
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var port int
	var ips []netip.Addr
	literal, ipErr := netip.ParseAddr(host)
	if host == "" || ipErr == nil {
		ips = []netip.Addr{literal}
	}
	if n, ok := portNumber(service); ok && ips != nil {
		port = n
	} else {
		sched.Block(func() {
			if port, err = r.LookupPort(ctx, network, service); err == nil && ips == nil {
				ips, err = r.LookupNetIP(ctx, "ip", host)
			}
		})
	}
	if err != nil {
		return nil, lookupError(ctx, err)
	}
	return pick(network, host, ips, uint16(port))
}

func portNumber(service string) (n int, ok bool) {
	for _, c := range []byte(service) {
		if n = 10*n + int(c-'0'); c < '0' || c > '9' || n > 65535 {
			return 0, false
		}
	}
	return n, true
}

// pick keeps the addresses of the network's family. Of each family are the
// wildcard that an empty host stands for, and IPv6's.
func pick(network, host string, ips []netip.Addr, port uint16) ([]netip.AddrPort, error) {
	var list []netip.AddrPort
	for _, ip := range ips {
		if only4(network) && ip == netip.IPv6Unspecified() {
			ip = netip.IPv4Unspecified()
		}
		is4 := ip.Unmap().Is4()
		if ip.IsValid() && (only4(network) && !is4 || only6(network) && is4) {
			continue
		}
		if ip.Is4In6() {
			ip = ip.Unmap()
		}
		list = append(list, netip.AddrPortFrom(ip, port))
	}
	if list == nil {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return list, nil
}

// lookupError says whether a look-up failed because of its context.
func lookupError(ctx context.Context, err error) error {
	var dns *net.DNSError
	if ctx.Err() != nil && !errors.As(err, &dns) {
		return ctxError(ctx.Err())
	}
	return err
}

// listenFamily chooses the family of a listening socket and whether it is for
// IPv6 alone: a wildcard takes both if it may and the system can.
func listenFamily(network string, ip netip.Addr) (family int, v6only bool) {
	switch {
	case only4(network):
		return unix.AF_INET, false
	case only6(network):
		return unix.AF_INET6, true
	case ip.IsValid() && !ip.IsUnspecified():
		if ip.Is4() {
			return unix.AF_INET, false
		}
		return unix.AF_INET6, false
	case dualStack():
		return unix.AF_INET6, false
	}
	return unix.AF_INET, false
}

// dualStack reports whether an IPv6 socket can serve IPv4 too.
var dualStack = sync.OnceValue(func() bool {
	s, err := sysSocket(unix.AF_INET6, unix.SOCK_STREAM)
	if err != nil {
		return false
	}
	defer unix.Close(s)
	return unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0) == nil &&
		unix.Bind(s, &unix.SockaddrInet6{}) == nil
})

func only4(network string) bool { return network[len(network)-1] == '4' }
func only6(network string) bool { return network[len(network)-1] == '6' }

// familyName is what Control functions are told of a socket's network.
func familyName(network string, family int) string {
	switch family {
	case unix.AF_INET:
		return network[:3] + "4"
	case unix.AF_INET6:
		return network[:3] + "6"
	}
	return network
}

// ctxError is how package net says that a context is done.
func ctxError(err error) error {
	switch err {
	case context.Canceled:
		return canceledError{}
	case context.DeadlineExceeded:
		return timeoutError{}
	}
	return err
}

type canceledError struct{}

func (canceledError) Error() string        { return "operation was canceled" }
func (canceledError) Is(target error) bool { return target == context.Canceled }

type timeoutError struct{}

func (timeoutError) Error() string        { return "i/o timeout" }
func (timeoutError) Timeout() bool        { return true }
func (timeoutError) Temporary() bool      { return true }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
