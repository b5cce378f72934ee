package wnet

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

// Session is a connection that a Server serves: a net.Conn whose reads go through
// a buffer, with bufio's methods to look at it. What reads may be called only by
// Handler and Opened, while they run; everything else from anywhere at any time:
// Write, to send what nobody asked for, and Close, above all.
//
// Its life, in state:
//
//	fresh ──▶ active ──rest──▶ resting ──bytes come──▶ active ...
//	  │          │                │
//	  └──────────┴──▶ ended ◀─────┘
//
// Every way out of fresh and resting is a CAS, so that exactly one, the coroutine
// that bytes have started or whoever ends the connection, has it. Who moves it to
// ended calls finish. in is the active coroutine's alone.
//
// No bytes are missed: rest stores that the session rests and then watches the
// descriptor, which tells whether an event has come before
// (sched/netpoll_watch.go); and no Shutdown is: it sets draining and then looks
// at every state, rest stores the state and then looks at draining.
type Session struct {
	*netFD
	server  *Server
	starter sched.Starter // calls run
	state   atomic.Uint32
	since   atomic.Uint32 // the server's tick when it came to rest
	next    *Session      // in the server's list; server.mu
	prev    *Session
	in      *inbuf // nil: nothing is left unread
	tls     *tls.Conn

	// State is for the handler: what it must know of the connection from one
	// message to the next.
	State any
}

const (
	fresh uint32 = iota
	resting
	active
	ended
)

// What ends a connection that rested for too long, and one whose handler was
// unwound or has called Goexit.
var (
	errIdle     = fmt.Errorf("idle: %w", os.ErrDeadlineExceeded)
	errNoReturn = errors.New("wnet: the handler did not return")
)

func newSession(s *Server, fd *netFD) *Session {
	c := &Session{netFD: fd, server: s}
	c.starter.Init(fd.pd.Sched(), c.run)
	c.since.Store(s.ticks.Load())
	if s.TLSConfig != nil {
		c.tls = tls.Server(tlsWire{c}, s.TLSConfig)
	}
	return c
}

// run is what a coroutine does for a connection that bytes have come on: it serves
// messages until there is nothing more to read.
func (c *Session) run() {
	was := c.state.Load()
	if was != fresh && was != resting || !c.state.CompareAndSwap(was, active) {
		return // somebody ended it first
	}
	err, gone := errNoReturn, false
	defer func() { // also when the coroutine is unwound
		if gone {
			return
		}
		if v := recover(); v != nil {
			err = c.server.panicked(c, v)
		}
		c.state.Store(ended)
		c.finish(err)
	}()
	gone, err = c.serve(was == fresh)
}

// serve returns an error that ends the connection, or gone: it rests, or has been
// ended, and is not the caller's any more.
func (c *Session) serve(first bool) (gone bool, err error) {
	if first && c.server.Opened != nil {
		c.buffer() // reading needs one
		if err := c.server.Opened(c); err != nil {
			return false, err
		}
	}
	took := false // a message, since the last rest
	for {
		some, err := c.fill()
		if err != nil {
			return false, err
		}
		if some {
			if some, err = c.messages(); err != nil {
				return false, err
			}
			took = took || some
		} else if gone, err := c.rest(took); gone || err != nil {
			return gone, err
		}
	}
}

// messages calls the handler for what is in the buffer. took: it took something.
func (c *Session) messages() (took bool, err error) {
	in := c.in
	for turn := 1; in.unread() > 0; turn++ {
		before := in.taken
		if err := c.server.Handler(c); err != nil {
			return took, err
		}
		if in.limited {
			in.limited = false
			c.pd.SetDeadline(sched.Reading, 0)
		}
		switch {
		case in.taken == before && in.full():
			return took, bufio.ErrBufferFull // more would not fit
		case in.taken == before:
			return took, nil
		case c.server.draining.Load():
			return true, ErrServerClosed
		case turn == maxStreak:
			turn = 0
			sched.Yield()
		}
		took = true
	}
	return took, nil
}

// fill reads what is there, without waiting. some: there was something.
func (c *Session) fill() (some bool, err error) {
	if c.tls != nil {
		return c.fillTLS()
	}
	if c.pd.Idle(sched.Reading) {
		return false, nil // without a buffer
	}
	in := c.buffer()
	n, err := c.readNow(in.buf[in.w:])
	in.w += n
	return n > 0, err
}

// readNow is Read, except that it returns 0 instead of waiting.
func (c *Session) readNow(p []byte) (int, error) {
	if err := c.lock(sched.Reading); err != nil {
		return 0, err
	}
	defer c.unlock(sched.Reading)
	if err := c.pd.Begin(sched.Reading); err != nil {
		return 0, netErr(err)
	}
	if c.mustWait() {
		return 0, nil
	}
	n, _, err := c.readOnce(p)
	return n, err
}

// rest has the next bytes start a coroutine. gone means that c is not the
// caller's any more.
func (c *Session) rest(took bool) (gone bool, err error) {
	c.release()
	c.pd.SetDeadline(sched.Reading, 0) // whatever the handler has set
	if now := c.server.ticks.Load(); took && c.since.Load() != now {
		c.since.Store(now) // not without took: half a message could last for ever
	}
	c.state.Store(resting)
	if c.server.draining.Load() {
		if c.state.CompareAndSwap(resting, active) {
			return false, ErrServerClosed
		}
		return true, nil
	}
	if c.pd.Watch(sched.Reading, &c.starter) {
		return true, nil
	}
	return !c.state.CompareAndSwap(resting, active), nil
}

// resting reports whether no coroutine has c.
func (c *Session) resting() bool { return c.state.Load() < active }

// endResting ends c if no coroutine has it, and reports whether it did.
func (c *Session) endResting(err error) bool {
	was := c.state.Load()
	if was >= active || !c.state.CompareAndSwap(was, ended) {
		return false
	}
	c.finish(err)
	return true
}

// finish closes c, which the caller has moved to ended.
func (c *Session) finish(err error) {
	if c.tls != nil && err != io.EOF {
		c.tls.Close() // says goodbye
	}
	c.netFD.Close()
	defer c.server.closed(c)
	if f := c.server.Closed; f != nil {
		f(c, err)
	}
}

// Close closes the connection: at once if it is between messages, else its calls
// in progress, and all that follow, fail.
func (c *Session) Close() error {
	if c.endResting(net.ErrClosed) {
		return nil
	}
	return c.netFD.Close()
}

// Write writes all of p, as a TCPConn does, within WriteTimeout. It parks as
// often as the peer takes no more. Any coroutine or goroutine may call it.
func (c *Session) Write(p []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Write(p)
	}
	return c.writeWire(p)
}

func (c *Session) writeWire(p []byte) (int, error) {
	c.limitWrite()
	return c.netFD.Write(p)
}

func (c *Session) limitWrite() {
	if d := c.server.WriteTimeout; d > 0 {
		c.pd.SetDeadline(sched.Writing, c.pd.Sched().Now()+int64(d))
	}
}

// ReadFrom sends what r has until its end, as TCPConn's. WriteTimeout is for each
// piece of it, of up to a megabyte.
func (c *Session) ReadFrom(r io.Reader) (n int64, err error) {
	limit, source := int64(1<<62), r
	limited, _ := r.(*io.LimitedReader)
	if limited != nil {
		limit, source = limited.N, limited.R
	}
	for c.tls == nil && n < limit {
		c.limitWrite()
		k, handled, err := c.moveFrom(source, min(limit-n, most))
		if !handled {
			break
		}
		if limited != nil {
			limited.N -= k
		}
		if n += k; err != nil || k == 0 {
			return n, err
		}
	}
	k, err := io.Copy(onlyWriter{c}, r)
	return n + k, err
}

// SetReadDeadline sets when reading stops waiting. In a handler, which alone may
// call it while it runs, it takes the place of ReadTimeout to the message's end.
func (c *Session) SetReadDeadline(t time.Time) error {
	if in, err := c.reading(); err == nil {
		in.limited = true
	}
	return c.netFD.SetReadDeadline(t)
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Session) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.netFD.SetWriteDeadline(t)
}

// CloseWrite shuts down the writing side: the peer reads io.EOF.
func (c *Session) CloseWrite() error {
	if c.tls != nil {
		return c.tls.CloseWrite()
	}
	return c.shutdown(unix.SHUT_WR)
}
