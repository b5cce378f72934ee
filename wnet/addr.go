package wnet

import (
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// addr is a socket's address: compact, as most connections are never asked for
// theirs, and made into a net.Addr the first time that they are.
type addr struct {
	ap    netip.AddrPort
	asked atomic.Pointer[net.TCPAddr]
}

func (a *addr) set(sa unix.Sockaddr) { a.ap = addrPort(sa) }

// get returns the same net.Addr each time, nil if there is no address.
func (a *addr) get() net.Addr {
	if !a.ap.IsValid() {
		return nil
	}
	if t := a.asked.Load(); t != nil {
		return t
	}
	a.asked.CompareAndSwap(nil, net.TCPAddrFromAddrPort(a.ap))
	return a.asked.Load()
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr)
		if sa.ZoneId != 0 {
			ip = ip.WithZone(zoneName(sa.ZoneId))
		}
		return netip.AddrPortFrom(ip, uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// sockaddr returns ap for a socket of the given family. An invalid ap is the
// family's wildcard.
func sockaddr(ap netip.AddrPort, family int) (unix.Sockaddr, error) {
	ip := ap.Addr()
	if family == unix.AF_INET {
		sa := &unix.SockaddrInet4{Port: int(ap.Port())}
		switch {
		case !ip.IsValid() || ip == netip.IPv6Unspecified():
		case ip.Unmap().Is4():
			sa.Addr = ip.Unmap().As4()
		default:
			return nil, &net.AddrError{Err: "non-IPv4 address", Addr: ip.String()}
		}
		return sa, nil
	}
	sa := &unix.SockaddrInet6{Port: int(ap.Port())}
	if ip.IsValid() && ip != netip.IPv4Unspecified() {
		sa.Addr = ip.As16()
		sa.ZoneId = zoneID(ip.Zone())
	}
	return sa, nil
}

func zoneName(id uint32) string {
	if ifi, err := net.InterfaceByIndex(int(id)); err == nil {
		return ifi.Name
	}
	return strconv.Itoa(int(id))
}

func zoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}
