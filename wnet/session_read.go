package wnet

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/weftgo/weft/sched"
)

// inbuf holds what was read and not taken yet: buf[r:w]. While a connection is
// active it is one of the server's buffers. At rest there is none, or, if the
// handler left bytes of half a message, one of just their size.
type inbuf struct {
	buf     []byte
	r, w    int
	taken   int  // bytes that were taken, ever
	limited bool // ReadTimeout is set for the present message
	nowait  bool // TLS: reading must not wait
}

const defaultBufferSize = 4096

func (s *Server) bufferSize() int {
	if s.BufferSize > 0 {
		return s.BufferSize
	}
	return defaultBufferSize
}

func (in *inbuf) unread() int { return in.w - in.r }
func (in *inbuf) full() bool  { return in.unread() == len(in.buf) }

// take copies unread bytes to p.
func (in *inbuf) take(p []byte) int {
	n := copy(p, in.buf[in.r:in.w])
	in.skip(n)
	return n
}

func (in *inbuf) skip(n int) {
	in.r += n
	in.taken += n
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
}

// buffer returns c's buffer, a full-sized one, with room behind what is unread
// unless it is full.
func (c *Session) buffer() *inbuf {
	in, size := c.in, c.server.bufferSize()
	if in == nil || len(in.buf) < size {
		b, _ := c.server.buffers.Get().(*inbuf)
		if b == nil {
			b = &inbuf{buf: make([]byte, size)}
		}
		b.r, b.w = 0, 0
		if in != nil {
			b.w = copy(b.buf, in.buf[in.r:in.w])
		}
		c.in = b
		return b
	}
	if in.r > 0 && in.w == len(in.buf) {
		in.r, in.w = 0, copy(in.buf, in.buf[in.r:in.w])
	}
	return in
}

// release gives the buffer back, but for what is unread.
func (c *Session) release() {
	in := c.in
	if in == nil {
		return
	}
	c.in = nil
	if in.unread() > 0 {
		c.in = &inbuf{buf: bytes.Clone(in.buf[in.r:in.w]), w: in.unread()}
	}
	in.limited = false
	c.server.buffers.Put(in)
}

var errNotActive = errors.New("wnet: a Session is read by its handler only, while it runs")

// reading returns the buffer for a call of the handler's.
func (c *Session) reading() (*inbuf, error) {
	if c.state.Load() != active || c.in == nil {
		return nil, c.opError("read", errNotActive)
	}
	return c.in, nil
}

// more waits for bytes and adds them to the buffer, which has room.
func (c *Session) more() error {
	in := c.buffer()
	n, err := c.readWaiting(in.buf[in.w:])
	in.w += n
	return err
}

// readWaiting reads past the buffer.
func (c *Session) readWaiting(p []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Read(p)
	}
	c.limit()
	return c.netFD.Read(p)
}

// limit sets ReadTimeout for the message that is read, the first time.
func (c *Session) limit() {
	if d := c.server.ReadTimeout; d > 0 && !c.in.limited {
		c.in.limited = true
		c.pd.SetDeadline(sched.Reading, c.pd.Sched().Now()+int64(d))
	}
}

// Read reads up to len(p) bytes, first of those that are there already. It
// parks, with the handler's stack, until there is at least one, the peer has
// ended its writing (io.EOF), ReadTimeout or a deadline passes or c is closed.
func (c *Session) Read(p []byte) (int, error) {
	in, err := c.reading()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	if in.unread() == 0 {
		if len(p) >= len(in.buf) {
			n, err := c.readWaiting(p)
			in.taken += n
			return n, err
		}
		if err := c.more(); err != nil {
			return 0, err
		}
	}
	return in.take(p), nil
}

// ReadByte reads one byte, as Read.
func (c *Session) ReadByte() (byte, error) {
	p, err := c.Peek(1)
	if err != nil {
		return 0, err
	}
	b := p[0]
	c.in.skip(1)
	return b, nil
}

// Buffered returns how many bytes can be read without waiting for more.
func (c *Session) Buffered() int {
	if in, err := c.reading(); err == nil {
		return in.unread()
	}
	return 0
}

// Peek returns the next n bytes without taking them, parking until they are
// there. They are valid until the next call that reads. If there are fewer, an
// error says why; more than BufferSize are bufio.ErrBufferFull.
func (c *Session) Peek(n int) ([]byte, error) {
	in, err := c.reading()
	if err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, bufio.ErrNegativeCount
	}
	for in.unread() < n {
		if in.full() {
			return in.buf[in.r:in.w], bufio.ErrBufferFull
		}
		if err := c.more(); err != nil {
			return in.buf[in.r:in.w], err
		}
	}
	return in.buf[in.r : in.r+n], nil
}

// Discard takes the next n bytes, parking until they have come, and returns how
// many it took.
func (c *Session) Discard(n int) (done int, err error) {
	in, err := c.reading()
	for err == nil {
		k := min(n-done, in.unread())
		in.skip(k)
		if done += k; done >= n {
			break
		}
		err = c.more()
	}
	return done, err
}

// ReadSlice takes the bytes up to and with the first delim, parking until it has
// come. They are valid until the next call that reads. When there is no delim in
// BufferSize bytes it takes them and returns them with bufio.ErrBufferFull; at
// an error, all there are with that.
func (c *Session) ReadSlice(delim byte) ([]byte, error) {
	in, err := c.reading()
	for seen := 0; err == nil; {
		line := in.buf[in.r:in.w]
		if i := bytes.IndexByte(line[seen:], delim); i >= 0 {
			line = line[:seen+i+1]
			in.skip(len(line))
			return line, nil
		}
		seen = len(line)
		if in.full() {
			err = bufio.ErrBufferFull
		} else {
			err = c.more()
		}
	}
	if in == nil {
		return nil, err
	}
	rest := in.buf[in.r:in.w]
	in.skip(len(rest))
	return rest, err
}

// WriteTo writes what comes to w until the peer has ended its writing.
func (c *Session) WriteTo(w io.Writer) (total int64, err error) {
	in, err := c.reading()
	for err == nil {
		var n int
		p := in.buf[in.r:in.w]
		n, err = w.Write(p)
		in.skip(n)
		total += int64(n)
		if err == nil {
			if err = c.more(); err == io.EOF {
				return total, nil
			}
		}
	}
	return total, err
}
