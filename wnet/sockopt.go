package wnet

import (
	"os"

	"golang.org/x/sys/unix"
)

// SetReadBuffer sets the size of the kernel's receive buffer.
func (fd *netFD) SetReadBuffer(bytes int) error { return fd.buffer(unix.SO_RCVBUF, bytes) }

// SetWriteBuffer sets the size of the kernel's send buffer.
func (fd *netFD) SetWriteBuffer(bytes int) error { return fd.buffer(unix.SO_SNDBUF, bytes) }

func (fd *netFD) buffer(opt, bytes int) error {
	err := fd.using(func(s int) error { return setInt(s, unix.SOL_SOCKET, opt, bytes) })
	if err != nil {
		return fd.setError(err)
	}
	return nil
}

func (fd *netFD) shutdown(how int) error {
	err := fd.using(func(s int) error { return os.NewSyscallError("shutdown", unix.Shutdown(s, how)) })
	if err != nil {
		return fd.opError("close", err)
	}
	return nil
}

// using calls f with the descriptor, which stays open meanwhile.
func (fd *netFD) using(f func(s int) error) error {
	if err := fd.incref(); err != nil {
		return err
	}
	defer fd.decref()
	return f(int(fd.sysfd))
}

func setInt(s, level, opt, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s, level, opt, value))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
