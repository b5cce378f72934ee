package wnet

import (
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// UDPConn is a UDP socket, with the methods of net.UDPConn. One made by Dial is
// connected: it has one peer, and takes datagrams from no other.
type UDPConn struct{ netFD }

func (lc *ListenConfig) listenUDP(network string, ap netip.AddrPort) (*UDPConn, error) {
	c := new(UDPConn)
	if err := lc.bindIP(&c.netFD, &kind{network: network, sotype: unix.SOCK_DGRAM}, ap); err != nil {
		return nil, err
	}
	return c, nil
}

// ReadFrom reads one datagram into p and says who sent it; what p has no room for
// is lost. It parks until one comes, the read deadline passes or c is closed.
func (c *UDPConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDP(p)
	if from == nil {
		return n, nil, err
	}
	return n, from, err
}

// ReadFromUDP is ReadFrom with the address's own type.
func (c *UDPConn) ReadFromUDP(p []byte) (int, *net.UDPAddr, error) {
	n, from, err := c.ReadFromUDPAddrPort(p)
	if !from.IsValid() {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), err
}

// ReadFromUDPAddrPort is ReadFrom without an allocation.
func (c *UDPConn) ReadFromUDPAddrPort(p []byte) (n int, from netip.AddrPort, err error) {
	err = c.receive("recvfrom", func(s int) error {
		var errno unix.Errno
		if n, from, errno = sysRecvFrom(s, p); errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil {
		return 0, netip.AddrPort{}, c.opError("read", err)
	}
	return n, from, nil
}

// ReadMsgUDP reads one datagram and its out-of-band data, as net.UDPConn's.
func (c *UDPConn) ReadMsgUDP(p, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	n, oobn, flags, from, err := c.ReadMsgUDPAddrPort(p, oob)
	if from.IsValid() {
		addr = net.UDPAddrFromAddrPort(from)
	}
	return n, oobn, flags, addr, err
}

// ReadMsgUDPAddrPort is ReadMsgUDP with a plain address.
func (c *UDPConn) ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	n, oobn, flags, from, err := c.recvmsg(p, oob)
	return n, oobn, flags, addrPort(from), err
}

// WriteTo sends p as one datagram.
func (c *UDPConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, c.addrError("write", addr, syscall.EINVAL)
	}
	return c.WriteToUDP(p, to)
}

// WriteToUDP is WriteTo with the address's own type.
func (c *UDPConn) WriteToUDP(p []byte, addr *net.UDPAddr) (int, error) {
	if addr == nil {
		return 0, c.addrError("write", nil, errMissingAddress)
	}
	return c.WriteToUDPAddrPort(p, addr.AddrPort())
}

// WriteToUDPAddrPort is WriteTo without an allocation.
func (c *UDPConn) WriteToUDPAddrPort(p []byte, addr netip.AddrPort) (int, error) {
	if err := c.mayName(addr); err != nil {
		return 0, err
	}
	err := c.send("sendto", func(s int) error {
		if errno := sysSendTo(s, p, addr, c.laddr.v6); errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil {
		return 0, c.addrError("write", udpAddr(addr), err)
	}
	return len(p), nil
}

// WriteMsgUDP sends p as one datagram with out-of-band data, as net.UDPConn's.
func (c *UDPConn) WriteMsgUDP(p, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if addr == nil {
		return c.WriteMsgUDPAddrPort(p, oob, netip.AddrPort{})
	}
	return c.WriteMsgUDPAddrPort(p, oob, addr.AddrPort())
}

// WriteMsgUDPAddrPort is WriteMsgUDP with a plain address, the zero value for a
// connected socket's peer.
func (c *UDPConn) WriteMsgUDPAddrPort(p, oob []byte, addr netip.AddrPort) (n, oobn int, err error) {
	if !addr.IsValid() && c.raddr.valid {
		return c.sendmsg(p, oob, nil, nil)
	}
	if err := c.mayName(addr); err != nil {
		return 0, 0, err
	}
	family := unix.AF_INET
	if c.laddr.v6 {
		family = unix.AF_INET6
	}
	sa, err := sockaddr(addr, family)
	if err != nil {
		return 0, 0, c.addrError("write", udpAddr(addr), err)
	}
	return c.sendmsg(p, oob, sa, udpAddr(addr))
}

// mayName says what is wrong with sending to addr: a connected socket has its
// peer, another needs an address of its own family.
func (c *UDPConn) mayName(addr netip.AddrPort) error {
	switch {
	case c.raddr.valid:
		return c.addrError("write", udpAddr(addr), net.ErrWriteToConnected)
	case !addr.IsValid():
		return c.addrError("write", nil, errMissingAddress)
	case !c.laddr.v6 && !addr.Addr().Unmap().Is4():
		err := &net.AddrError{Err: "non-IPv4 address", Addr: addr.Addr().String()}
		return c.addrError("write", udpAddr(addr), err)
	}
	return nil
}

// udpAddr is addr as errors show it, nil for none.
func udpAddr(addr netip.AddrPort) net.Addr {
	if !addr.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(addr)
}
