package wnet

import (
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// addr is a socket's address: compact, as most connections are never asked for
// theirs, and made into a net.Addr the first time that they are. A Unix socket's
// is one from the start.
type addr struct {
	ip    [16]byte
	zone  uint32
	port  uint16
	valid bool // there is one, in the fields above
	v6    bool // of an IPv6 socket
	asked atomic.Pointer[net.Addr]
}

// set stores sa. It is called before anybody may call get.
func (a *addr) set(k *kind, sa unix.Sockaddr) {
	a.valid = false
	a.asked.Store(nil)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		a.ip, a.zone = netip.AddrFrom4(sa.Addr).As16(), 0
		a.port, a.valid = uint16(sa.Port), true
	case *unix.SockaddrInet6:
		a.ip, a.zone = sa.Addr, sa.ZoneId
		a.port, a.valid, a.v6 = uint16(sa.Port), true, true
	case *unix.SockaddrUnix:
		a.asked.Store(new(net.Addr(&net.UnixAddr{Name: sa.Name, Net: k.network})))
	}
}

// get returns the same net.Addr each time, nil if there is no address.
func (a *addr) get(k *kind) net.Addr {
	if p := a.asked.Load(); p != nil {
		return *p
	}
	if !a.valid {
		return nil
	}
	a.asked.CompareAndSwap(nil, new(netAddr(k.network, a.addrPort())))
	return *a.asked.Load()
}

func (a *addr) addrPort() netip.AddrPort {
	if !a.valid {
		return netip.AddrPort{}
	}
	return addrPortOf(a.ip, a.zone, a.port)
}

func (a *addr) equal(b *addr) bool {
	return a.valid && b.valid && a.ip == b.ip && a.zone == b.zone && a.port == b.port
}

// addrPortOf makes an address of its parts; a mapped IPv4 address is an IPv4 one.
func addrPortOf(ip [16]byte, zone uint32, port uint16) netip.AddrPort {
	a := netip.AddrFrom16(ip)
	if a.Is4In6() {
		a = a.Unmap()
	} else if zone != 0 {
		a = a.WithZone(zoneName(zone))
	}
	return netip.AddrPortFrom(a, port)
}

// netAddr is ap as package net shows it for a network.
func netAddr(network string, ap netip.AddrPort) net.Addr {
	ip := ap.Addr().AsSlice() // nil if there is none
	zone := ap.Addr().Zone()
	if network[0] == 'u' {
		return &net.UDPAddr{IP: ip, Port: int(ap.Port()), Zone: zone}
	}
	return &net.TCPAddr{IP: ip, Port: int(ap.Port()), Zone: zone}
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	var a addr
	a.set(nil, sa)
	return a.addrPort()
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
