package wnet

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// moveFrom sends up to limit bytes of r to fd inside the kernel. handled is false,
// and nothing has been sent, if r is nothing that the kernel can do that with.
func (fd *netFD) moveFrom(r io.Reader, limit int64) (n int64, handled bool, err error) {
	if f, ok := r.(*os.File); ok {
		n, err = fd.sendFile(f, limit)
	} else if src := connFD(r); src != nil {
		n, err = fd.splice(src, limit)
	} else {
		return 0, false, nil
	}
	if se, ok := err.(*os.SyscallError); ok && n == 0 {
		switch se.Err {
		case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM:
			return 0, false, nil
		}
	}
	return n, true, err
}

func (fd *netFD) sendFile(f *os.File, limit int64) (n int64, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(src uintptr) {
		err = fd.send("sendfile", func(s int) error {
			for n < limit {
				k, err := unix.Sendfile(s, int(src), nil, int(min(limit-n, most)))
				if k > 0 {
					n += int64(k)
				}
				if err != nil || k == 0 {
					return err
				}
			}
			return nil
		})
	})
	if cerr != nil {
		return n, cerr
	}
	return n, err
}

// splice moves bytes from one socket to another through a pipe, which is empty
// whenever src is asked.
func (fd *netFD) splice(src *netFD, limit int64) (n int64, err error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return 0, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	const flags = unix.SPLICE_F_NONBLOCK | unix.SPLICE_F_MOVE
	for n < limit {
		var in int64
		err := src.receive("splice", func(s int) (err error) {
			in, err = unix.Splice(s, nil, pipe[1], nil, int(min(limit-n, most)), flags)
			return err
		})
		if err != nil || in == 0 {
			return n, err
		}
		err = fd.send("splice", func(s int) error {
			for in > 0 {
				k, err := unix.Splice(pipe[0], nil, s, nil, int(in), flags)
				if err != nil {
					return err
				}
				in -= k
				n += k
			}
			return nil
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
