// Package http1 serves HTTP/1.1 on a wnet.Server, message by message: fasthttp
// parses requests and writes answers, for its own handlers and for net/http's.
// Between requests a connection has neither a coroutine nor a buffer.
package http1

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// Handler returns what a wnet.Server calls to serve s's requests, in the calling
// coroutine. s is the result's from then on. Time limits are better those of the
// wnet.Server: between requests s does not see a connection.
//
// A panic of s.Handler is answered with 500 and ends its connection; the
// wnet.Server logs it. A connection that is hijacked keeps its coroutine until
// whoever has it closes it.
func Handler(s *fasthttp.Server) func(*wnet.Session) error {
	told, handle := s.ConnState, s.Handler
	s.ConnState = func(nc net.Conn, state fasthttp.ConnState) {
		switch c := connOf(nc); state {
		case fasthttp.StateActive:
			c.boundary = false
		case fasthttp.StateIdle:
			c.boundary = true
		case fasthttp.StateHijacked:
			c.hijacked = true
		}
		if told != nil {
			told(nc, state)
		}
	}
	s.Handler = func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if v := recover(); v != nil { // fasthttp would not clean up after it
				connOf(ctx.Conn()).panicked = fmt.Errorf("%v\n%s", v, debug.Stack())
				ctx.Error(fasthttp.StatusMessage(fasthttp.StatusInternalServerError), fasthttp.StatusInternalServerError)
				ctx.SetConnectionClose()
			}
		}()
		handle(ctx)
	}
	return func(sess *wnet.Session) error { return serve(s, sess) }
}

// NetHTTP returns a fasthttp handler that calls h. h runs in a goroutine of its
// own: that is how fasthttp's adaptor lets it flush and hijack.
func NetHTTP(h http.Handler) fasthttp.RequestHandler {
	adapted := fasthttpadaptor.NewFastHTTPHandler(h)
	return func(ctx *fasthttp.RequestCtx) {
		weft.Block(func() { adapted(ctx) })
	}
}

// serve answers the requests that have come. To fasthttp the connection ends at
// the first boundary with nothing more to read: that, and no other, end leaves
// it open.
func serve(s *fasthttp.Server, sess *wnet.Session) error {
	c := conns.Get().(*conn)
	c.Session, c.flags, c.closed = sess, flags{boundary: true}, false
	var nc net.Conn = c
	if t := sess.TLS(); t != nil {
		nc = &tlsConn{c, t}
	}
	err := s.ServeConn(nc)
	f := c.flags
	if err != nil && !f.hijacked {
		linger(sess, err)
	}
	if f.hijacked {
		c.awaitClose()
		return io.EOF
	}
	c.Session = nil
	conns.Put(c)
	switch {
	case f.panicked != nil:
		panic(f.panicked)
	case err == nil && !f.paused:
		return io.EOF // the answer said Connection: close, or the peer has gone
	}
	return err
}

// How long, and for how many bytes, a client is heard out that was refused.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// linger takes some of what a client still sends whose request was refused with
// err: closed with bytes unread, TCP would answer them with a reset, which can
// reach the client before the refusal does.
func linger(sess *wnet.Session, err error) {
	if errors.As(err, new(*net.OpError)) || sess.CloseWrite() != nil {
		return // it is the connection that failed
	}
	sess.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, sess, lingerBytes)
}

// conn is a session as fasthttp sees it.
type conn struct {
	*wnet.Session
	flags

	mu     wsync.Mutex // a hijacker may be anybody
	cond   wsync.Cond
	closed bool
}

// flags are of one call of serve.
type flags struct {
	boundary bool  // between requests
	paused   bool  // at a boundary with nothing more to read, fasthttp was told that it is the end
	hijacked bool  // fasthttp has given it away
	panicked error // the handler did
}

// conns holds *conn: fasthttp has a map of them, so they are not copied.
var conns = sync.Pool{New: func() any {
	c := new(conn)
	c.cond.L = &c.mu
	return c
}}

func connOf(nc net.Conn) *conn {
	if t, ok := nc.(*tlsConn); ok {
		return t.conn
	}
	return nc.(*conn)
}

func (c *conn) Read(p []byte) (int, error) {
	if c.boundary && c.Buffered() == 0 {
		c.paused = true
		return 0, io.EOF
	}
	return c.Session.Read(p)
}

// Close is how fasthttp ends every connection. The session stays: serve's caller
// closes it, or not.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.cond.Signal()
	return nil
}

func (c *conn) awaitClose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed {
		c.cond.Wait()
	}
}

// tlsConn is what fasthttp asks about TLS.
type tlsConn struct {
	*conn
	tls *tls.Conn
}

func (c *tlsConn) Handshake() error                     { return c.tls.Handshake() }
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
