package wnet

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

func sysRead(fd int, p []byte) (int, unix.Errno) {
	n, err := unix.Read(fd, p)
	if err != nil {
		return 0, err.(unix.Errno)
	}
	return n, 0
}

func sysWrite(fd int, p []byte) (int, unix.Errno) {
	n, err := unix.Write(fd, p)
	if err != nil {
		return max(n, 0), err.(unix.Errno)
	}
	return n, 0
}

func sysRecvFrom(fd int, p []byte) (int, netip.AddrPort, unix.Errno) {
	n, from, err := unix.Recvfrom(fd, p, 0)
	if err != nil {
		return 0, netip.AddrPort{}, err.(unix.Errno)
	}
	return n, addrPort(from), 0
}

func sysSendTo(fd int, p []byte, to netip.AddrPort, v6 bool) unix.Errno {
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	sa, err := sockaddr(to, family)
	if err == nil {
		err = unix.Sendto(fd, p, 0, sa)
	}
	errno, ok := err.(unix.Errno)
	if err != nil && !ok {
		return unix.EINVAL
	}
	return errno
}

const cloexecFDs, noSignal = 0, 0 // sockets have SO_NOSIGPIPE

func sysSocket(family, sotype int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	s, err := unix.Socket(family, sotype, 0)
	return s, prepare(s, err)
}

func sysAccept(fd int) (int, unix.Sockaddr, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	s, sa, err := unix.Accept(fd)
	return s, sa, prepare(s, err)
}

// prepare makes a new socket as Linux makes it at once.
func prepare(s int, err error) error {
	if err != nil {
		return err
	}
	unix.CloseOnExec(s)
	if err = unix.SetNonblock(s, true); err == nil {
		err = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1)
	}
	if err != nil {
		unix.Close(s)
	}
	return err
}

const inheritsOptions = false

const (
	tcpKeepIdle  = unix.TCP_KEEPALIVE
	tcpKeepIntvl = unix.TCP_KEEPINTVL
	tcpKeepCnt   = unix.TCP_KEEPCNT
)
