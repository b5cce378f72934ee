package wnet

import (
	"io"
	"net"

	"golang.org/x/sys/unix"
)

// ReadFrom sends what r has until its end and returns how much that was. Files,
// and other connections of this package, are sent without a copy into the process
// where the system can (sendfile, splice). It parks as Write does.
func (c *TCPConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.readFrom(r)
	if err != nil && err != io.EOF {
		err = c.opError("readfrom", err)
	}
	return n, err
}

// WriteTo writes what comes to w until the peer has ended its writing.
func (c *TCPConn) WriteTo(w io.Writer) (n int64, err error) {
	switch dst := w.(type) {
	case *TCPConn:
		n, err = dst.readFrom(c)
	case *UnixConn:
		n, err = dst.readFrom(c)
	default:
		n, err = io.Copy(w, onlyReader{c})
	}
	if err != nil && err != io.EOF {
		err = c.opError("writeto", err)
	}
	return n, err
}

// onlyReader and onlyWriter hide what io.Copy would call us by again.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

// most is what one sendfile or splice is asked to move: others want their turn.
const most = 1 << 20

func (fd *netFD) readFrom(r io.Reader) (int64, error) {
	limit, source := int64(1<<62), r
	limited, _ := r.(*io.LimitedReader)
	if limited != nil {
		limit, source = limited.N, limited.R
	}
	n, handled, err := fd.moveFrom(source, limit)
	if limited != nil {
		limited.N -= n
	}
	if handled {
		return n, err
	}
	return io.Copy(onlyWriter{fd}, r)
}

// connFD returns the socket of a connection whose bytes have no boundaries.
func connFD(r io.Reader) *netFD {
	switch c := r.(type) {
	case *TCPConn:
		return &c.netFD
	case *UnixConn:
		if c.kind.stream() {
			return &c.netFD
		}
	}
	return nil
}

// WriteBuffers writes all of v in as few system calls as the system allows
// (writev) and takes from v what has been written. net.Buffers.WriteTo does so for
// package net's own connections only; on one of these it makes a Write of each
// buffer.
func (fd *netFD) WriteBuffers(v *net.Buffers) (n int64, err error) {
	err = fd.send("sendmsg", func(s int) error {
		for len(*v) > 0 {
			some := (*v)[:min(len(*v), maxBuffers)]
			for _, b := range some {
				raceWrite(b)
			}
			k, err := unix.SendmsgBuffers(s, some, nil, nil, noSignal)
			if err != nil {
				return err
			}
			n += int64(k)
			take(v, k)
		}
		return nil
	})
	if err != nil {
		err = fd.opError("write", err)
	}
	return n, err
}

const maxBuffers = 1024 // the kernel's limit

// take drops the first n bytes of v, and what is empty then.
func take(v *net.Buffers, n int) {
	for len(*v) > 0 && n >= len((*v)[0]) {
		n -= len((*v)[0])
		(*v)[0] = nil
		*v = (*v)[1:]
	}
	if n > 0 {
		(*v)[0] = (*v)[0][n:]
	}
}
