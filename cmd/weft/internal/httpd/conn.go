package httpd

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// The states of a connection, from Drain's point of view.
//
//	fresh ──first byte──▶ active ──answered──▶ idle
//	  │                     ▲                  │ │
//	  │                     └────next byte─────┘ │
//	  └───────Drain────────▶ ended ◀────Drain────┘
//
// Both ways out of idle are a CAS, so that a request whose first byte has been
// taken is answered, and a connection that Drain has ended takes none.
const (
	fresh int32 = iota
	active
	idle
	ended
)

// freshGrace is how long Drain waits for the first request of a connection
// that it finds accepted but silent: its bytes may be on their way.
const freshGrace = 250 * time.Millisecond

// How long, and for how many bytes, a client is heard out that was refused.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// conn is a connection as fasthttp sees it: it follows whether a request is in
// flight, and bounds how long each write may take.
type conn struct {
	net.Conn
	s     *Server
	state atomic.Int32

	refused bool // the coroutine's: the last request was not read to its end
}

// connState is fasthttp's hook: a request has begun, or has been answered.
func connState(nc net.Conn, to fasthttp.ConnState) {
	c := nc.(*conn)
	switch to {
	case fasthttp.StateActive:
		c.begin()
	case fasthttp.StateIdle:
		c.state.CompareAndSwap(active, idle)
	}
}

// begin marks that the next request has begun; false means that Drain was
// first.
func (c *conn) begin() bool {
	return c.state.Load() == active ||
		c.state.CompareAndSwap(idle, active) || c.state.CompareAndSwap(fresh, active)
}

// endIdle ends the connection if it waits for a request, by waking its read.
func (c *conn) endIdle() {
	if c.state.CompareAndSwap(idle, ended) {
		c.Conn.SetReadDeadline(time.Unix(1, 0))
	} else if c.state.Load() == fresh {
		c.Conn.SetReadDeadline(time.Now().Add(freshGrace))
	}
}

// Read reads, unless the server drains and no request is in flight. fasthttp
// sets its deadline before it reads: a Drain that comes after the look at
// draining therefore sets the deadline that holds.
func (c *conn) Read(p []byte) (int, error) {
	if c.s.draining.Load() {
		if c.state.Load() >= idle {
			return 0, io.EOF
		}
		c.endIdle()
	}
	n, err := c.Conn.Read(p)
	if n > 0 && !c.begin() {
		return 0, io.EOF
	}
	return n, err
}

// Write writes p within the server's limit.
func (c *conn) Write(p []byte) (int, error) {
	if d := c.s.cfg.Write; d > 0 {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(d)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// Close closes the connection. After a refused request it first takes some of
// what the client still sends: closed with bytes unread, TCP would answer them
// with a reset, which can reach the client before the refusal does.
func (c *conn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if c.refused && ok && half.CloseWrite() == nil {
		c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
		io.CopyN(io.Discard, c.Conn, lingerBytes)
	}
	return c.Conn.Close()
}

// pieces holds the buffers that files are sent from, as *[]byte of 64 KiB: a
// client that takes a piece within the limit is alive, however large the file.
var pieces = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// ReadFrom sends r, piece by piece, until its end. A large file thereby skips
// fasthttp's small buffer.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	piece := pieces.Get().(*[]byte)
	defer pieces.Put(piece)
	for {
		got, rerr := r.Read(*piece)
		if got > 0 {
			sent, werr := c.Write((*piece)[:got])
			n += int64(sent)
			if werr != nil {
				return n, werr
			}
		}
		if rerr == io.EOF {
			return n, nil
		}
		if rerr != nil {
			return n, rerr
		}
	}
}
