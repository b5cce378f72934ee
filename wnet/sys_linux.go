package wnet

import (
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
		n, _, errno = unix.RawSyscall6(trap, uintptr(fd), uintptr(buf), size, flags, 0, 0)
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

// inheritsOptions: an accepted socket has the listener's no-delay and
// keep-alive options.
const inheritsOptions = true

const (
	tcpKeepIdle  = unix.TCP_KEEPIDLE
	tcpKeepIntvl = unix.TCP_KEEPINTVL
	tcpKeepCnt   = unix.TCP_KEEPCNT
)
