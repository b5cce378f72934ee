package wnet

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sockets are non-blocking, so reads and writes are raw system calls: Go's
// scheduler need not hear of them, unless so much is copied that a stop of the
// world would have to wait for it. recvfrom and sendto are read and write
// without the way through the file layer, and sendto can leave SIGPIPE out.
const rawMost = 64 << 10

func sysRead(fd int, p []byte) (int, unix.Errno) {
	n, errno := transfer(unix.SYS_RECVFROM, fd, p, 0)
	if errno == 0 {
		raceRead(p[:n])
	}
	return n, errno
}

func sysWrite(fd int, p []byte) (int, unix.Errno) {
	raceWrite(p)
	return transfer(unix.SYS_SENDTO, fd, p, unix.MSG_NOSIGNAL)
}

func transfer(trap uintptr, fd int, p []byte, flags uintptr) (int, unix.Errno) {
	var n uintptr
	var errno unix.Errno
	buf, size := unsafe.Pointer(unsafe.SliceData(p)), uintptr(len(p))
	if size <= rawMost {
		n, _, errno = syscall.RawSyscall6(trap, uintptr(fd), uintptr(buf), size, flags, 0, 0)
	} else {
		n, _, errno = unix.Syscall6(trap, uintptr(fd), uintptr(buf), size, flags, 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func sysSocket(family, sotype int) (int, error) {
	return unix.Socket(family, sotype|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}

func sysAccept(fd int) (int, unix.Sockaddr, error) {
	return unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
}

// sysRecvFrom reads a datagram of an IP socket. It allocates nothing.
func sysRecvFrom(fd int, p []byte) (int, netip.AddrPort, unix.Errno) {
	var sa unix.RawSockaddrInet6 // has room for an Inet4
	size := uint32(unsafe.Sizeof(sa))
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0,
		uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0, netip.AddrPort{}, errno
	}
	raceRead(p[:n])
	switch port := sa.Port<<8 | sa.Port>>8; sa.Family {
	case unix.AF_INET:
		ip := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sa)).Addr
		return int(n), netip.AddrPortFrom(netip.AddrFrom4(ip), port), 0
	case unix.AF_INET6:
		return int(n), addrPortOf(sa.Addr, sa.Scope_id, port), 0
	}
	return int(n), netip.AddrPort{}, 0
}

// sysSendTo sends a datagram of an IP socket, of IPv6 if v6. It allocates nothing.
func sysSendTo(fd int, p []byte, to netip.AddrPort, v6 bool) unix.Errno {
	raceWrite(p)
	var sa unix.RawSockaddrInet6 // has room for an Inet4
	var size uintptr
	port := to.Port()<<8 | to.Port()>>8
	if v6 {
		sa.Family, sa.Port, sa.Addr, sa.Scope_id = unix.AF_INET6, port, to.Addr().As16(), zoneID(to.Addr().Zone())
		size = unix.SizeofSockaddrInet6
	} else {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sa))
		in.Family, in.Port, in.Addr = unix.AF_INET, port, to.Addr().Unmap().As4()
		size = unix.SizeofSockaddrInet4
	}
	_, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&sa)), size)
	return errno
}

// Flags of recvmsg and sendmsg.
const (
	cloexecFDs = unix.MSG_CMSG_CLOEXEC // descriptors that are received are not for children
	noSignal   = unix.MSG_NOSIGNAL
)

// inheritsOptions: an accepted socket has the listener's no-delay and
// keep-alive options.
const inheritsOptions = true

const (
	tcpKeepIdle  = unix.TCP_KEEPIDLE
	tcpKeepIntvl = unix.TCP_KEEPINTVL
	tcpKeepCnt   = unix.TCP_KEEPCNT
)
