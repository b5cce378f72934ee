package wnet

import (
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// UnixConn is a Unix socket, with the methods of net.UnixConn: a stream
// ("unix"), a stream of messages ("unixpacket") or datagrams ("unixgram").
type UnixConn struct{ netFD }

// CloseRead shuts down the reading side: a parked Read returns io.EOF.
func (c *UnixConn) CloseRead() error { return c.shutdown(unix.SHUT_RD) }

// CloseWrite shuts down the writing side: the peer reads io.EOF.
func (c *UnixConn) CloseWrite() error { return c.shutdown(unix.SHUT_WR) }

// ReadFrom reads one message into p and says who sent it, with an address of no
// name if the sender has none. It parks as Read.
func (c *UnixConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUnix(p)
	if from == nil {
		return n, nil, err
	}
	return n, from, err
}

// ReadFromUnix is ReadFrom with the address's own type.
func (c *UnixConn) ReadFromUnix(p []byte) (int, *net.UnixAddr, error) {
	n, _, _, from, err := c.ReadMsgUnix(p, nil)
	return n, from, err
}

// ReadMsgUnix reads one message and its out-of-band data, such as descriptors,
// as net.UnixConn's.
func (c *UnixConn) ReadMsgUnix(p, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error) {
	n, oobn, flags, from, err := c.recvmsg(p, oob)
	if sa, ok := from.(*unix.SockaddrUnix); ok && sa.Name != "" {
		addr = &net.UnixAddr{Name: sa.Name, Net: c.kind.network}
	}
	return n, oobn, flags, addr, err
}

// WriteTo sends p as one datagram.
func (c *UnixConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UnixAddr)
	if !ok {
		return 0, c.addrError("write", addr, syscall.EINVAL)
	}
	return c.WriteToUnix(p, to)
}

// WriteToUnix is WriteTo with the address's own type.
func (c *UnixConn) WriteToUnix(p []byte, addr *net.UnixAddr) (int, error) {
	if addr == nil {
		return 0, c.addrError("write", nil, errMissingAddress)
	}
	n, _, err := c.WriteMsgUnix(p, nil, addr)
	return n, err
}

// WriteMsgUnix sends p as one message with out-of-band data, to addr or, if that
// is nil, to the peer.
func (c *UnixConn) WriteMsgUnix(p, oob []byte, addr *net.UnixAddr) (n, oobn int, err error) {
	if addr == nil {
		return c.sendmsg(p, oob, nil, nil)
	}
	switch {
	case c.kind.sotype == unix.SOCK_DGRAM && c.RemoteAddr() != nil:
		err = net.ErrWriteToConnected
	case addr.Net != c.kind.network:
		err = syscall.EAFNOSUPPORT
	}
	if err != nil {
		return 0, 0, c.addrError("write", addr, err)
	}
	return c.sendmsg(p, oob, &unix.SockaddrUnix{Name: addr.Name}, addr)
}

// UnixListener listens on a Unix socket. Closing it removes its file, unless
// SetUnlinkOnClose says otherwise.
type UnixListener struct {
	listener
	path   string
	once   sync.Once
	unlink bool // at the first Close
}

func (lc *ListenConfig) listenUnix(network, path string) (*UnixListener, error) {
	l := &UnixListener{path: path, unlink: true}
	sotype := unixType(network)
	l.conns = &kind{network: network, sotype: sotype}
	if err := lc.bindUnix(&l.fd, &kind{network: network, sotype: sotype, listens: true}, path); err != nil {
		return nil, err
	}
	return l, nil
}

func (lc *ListenConfig) listenUnixgram(network, path string) (*UnixConn, error) {
	c := new(UnixConn)
	if err := lc.bindUnix(&c.netFD, &kind{network: network, sotype: unix.SOCK_DGRAM}, path); err != nil {
		return nil, err
	}
	return c, nil
}

func (lc *ListenConfig) bindUnix(fd *netFD, k *kind, path string) error {
	return lc.bind(fd, k, unix.AF_UNIX, &unix.SockaddrUnix{Name: path}, func(int) error { return nil })
}

// unixType returns the kind of socket that a network of Unix sockets has.
func unixType(network string) int {
	switch network {
	case "unixgram":
		return unix.SOCK_DGRAM
	case "unixpacket":
		return unix.SOCK_SEQPACKET
	}
	return unix.SOCK_STREAM
}

// Accept returns the next connection, as TCPListener's.
func (l *UnixListener) Accept() (net.Conn, error) {
	c, err := l.AcceptUnix()
	if err != nil {
		return nil, err // not a nil *UnixConn
	}
	return c, nil
}

// AcceptUnix is Accept with the connection's own type.
func (l *UnixListener) AcceptUnix() (c *UnixConn, err error) {
	err = l.accept(func(s int, remote unix.Sockaddr) error {
		local, _ := unix.Getsockname(s)
		made := new(UnixConn)
		if err := made.init(l.fd.pd.Sched(), s, l.conns, local, remote); err != nil {
			return err
		}
		c = made
		return nil
	})
	return c, err
}

// SetUnlinkOnClose sets whether Close removes the socket's file. Call it before.
func (l *UnixListener) SetUnlinkOnClose(unlink bool) { l.unlink = unlink }

// Close stops listening and removes the socket's file. A parked Accept fails
// with net.ErrClosed.
func (l *UnixListener) Close() error {
	l.once.Do(func() { // before the socket: the name must not be another's by then
		if l.unlink && l.path != "" && l.path[0] != '@' {
			os.Remove(l.path)
		}
	})
	return l.listener.Close()
}
