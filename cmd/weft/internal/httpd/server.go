// Package httpd serves a directory over HTTP, one coroutine a connection: it
// joins fasthttp, which parses and answers, to weft's listener and coroutines,
// and adds what a server in the open needs: time limits for stalled clients, a
// panic that stays in its connection, and a stop that loses no answer.
package httpd

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

const (
	maxHeader = 8 << 10  // bytes; a longer request header is answered 431
	maxBody   = 64 << 10 // bytes; nothing served takes a body, a longer one is answered 413
)

// Config says what a Server serves and how long it waits for clients. A zero
// duration means no limit.
type Config struct {
	Root    *os.Root                // what is served
	Read    time.Duration           // for a request to arrive whole, counted from its first byte or the accept
	Write   time.Duration           // for a client to take each piece (up to 64 KiB) of an answer
	Idle    time.Duration           // for the next request of a connection
	Conns   int64                   // open at a time, 0 for any number; more wait to be accepted
	Log     *log.Logger             // panics of handlers
	Handler fasthttp.RequestHandler // nil: the files of Root

	// PerMessage has a coroutine for each request in place of each connection,
	// which holds no stack and no buffer in between. A stop may then close a
	// connection whose first request is on its way.
	PerMessage bool
}

// Server serves one listener. Its life:
//
//	serving ──Drain──▶ draining ──last connection gone──▶ Serve returns
//
// draining is stored before the connections are walked, and a connection
// stores that it is idle before it reads draining: either the walk sees an
// idle connection and wakes it, or the connection sees the flag and ends
// itself. So none waits for its next request while the server waits for it.
type Server struct {
	http   fasthttp.Server
	handle fasthttp.RequestHandler
	cfg    Config

	draining atomic.Bool
	requests atomic.Uint64
	panics   atomic.Uint64

	mu    sync.Mutex // held for a few lines, never across a park
	ln    net.Listener
	conns map[*conn]struct{}
	limit *time.Timer // of the drain

	open  wsync.WaitGroup  // a count for each connection
	slots *wsync.Semaphore // one for each connection that may be open
	ctx   context.Context  // ended by Drain, for the accept loop
	stop  context.CancelFunc

	messages *wnet.Server // nil, unless per message: it has the connections then
}

// New returns a Server that is ready to Serve.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, conns: map[*conn]struct{}{}, handle: cfg.Handler}
	if s.handle == nil {
		s.handle = Files(cfg.Root)
	}
	if cfg.Conns <= 0 {
		cfg.Conns = math.MaxInt64
	}
	s.slots = wsync.NewSemaphore(cfg.Conns)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.http = fasthttp.Server{
		Name:               "weft",
		Handler:            s.answer,
		ErrorHandler:       refuse,
		ConnState:          connState,
		ReadTimeout:        cfg.Read,
		IdleTimeout:        cfg.Idle,
		ReadBufferSize:     maxHeader,
		MaxRequestBodySize: maxBody,
		Logger:             log.New(discard{}, "", 0), // 404s, cut connections: the client's business
	}
	if cfg.PerMessage {
		s.perMessage()
	}
	return s
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Serve accepts connections from ln and answers each in a coroutine of its
// own, until Drain is called; then it waits for them to end and returns nil.
// It parks. A Server serves once.
func (s *Server) Serve(ln net.Listener) error {
	if s.messages != nil {
		return s.serveMessages(ln)
	}
	s.mu.Lock()
	s.ln = ln
	s.mu.Unlock()
	if s.draining.Load() { // Drain came before it could see ln
		ln.Close()
	}
	for s.slots.Acquire(s.ctx, 1) == nil {
		c, err := s.accept(ln)
		if err != nil {
			if s.draining.Load() && errors.Is(err, net.ErrClosed) {
				break
			}
			return err
		}
		s.open.Add(1)
		weft.Go(func() { s.serveConn(c) })
	}
	s.open.Wait()
	return nil
}

// accept is ln.Accept; a failure that lasts only until others have gone, as
// select's limit of descriptors, is logged and not the server's end.
func (s *Server) accept(ln net.Listener) (net.Conn, error) {
	for {
		c, err := ln.Accept()
		var temporary interface{ Temporary() bool }
		if err == nil || !errors.As(err, &temporary) || !temporary.Temporary() {
			return c, err
		}
		if s.cfg.Log != nil {
			s.cfg.Log.Print(err)
		}
		weft.Sleep(10 * time.Millisecond)
	}
}

// Drain stops accepting, closes the connections that wait for a next request,
// and lets those with a request in flight finish for at most limit; what is
// left then is cut. It returns at once; Serve returns when all have ended.
func (s *Server) Drain(limit time.Duration) {
	s.draining.Store(true)
	if s.messages != nil {
		s.drainMessages(limit)
		return
	}
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit != nil {
		return
	}
	s.limit = time.AfterFunc(limit, s.cut)
	if s.ln != nil {
		s.ln.Close()
	}
	for c := range s.conns {
		c.endIdle()
	}
}

// cut closes every connection, whatever it does.
func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Conn.Close()
	}
}

// Requests returns how many requests have been answered.
func (s *Server) Requests() uint64 { return s.requests.Load() }

// Conns returns how many connections are open.
func (s *Server) Conns() int {
	if s.messages != nil {
		return s.messages.Conns()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// serveConn is the life of one connection.
func (s *Server) serveConn(nc net.Conn) {
	c := &conn{Conn: nc, s: s}
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(nc.RemoteAddr(), "connection", p)
		}
		nc.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		s.slots.Release(1)
		s.open.Done()
	}()
	_ = s.http.ServeConn(c) // how a client left is its business
}

// answer runs the handler for one request. A panic becomes a 500, after which
// the connection ends: what the handler left behind is not to be trusted.
func (s *Server) answer(ctx *fasthttp.RequestCtx) {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(ctx.RemoteAddr(), fmt.Sprintf("%s %q", ctx.Method(), ctx.Path()), p)
			ctx.Error("Internal Server Error", fasthttp.StatusInternalServerError)
			ctx.SetConnectionClose()
		}
		if s.draining.Load() {
			ctx.SetConnectionClose()
		}
		s.requests.Add(1)
	}()
	s.handle(ctx)
}

// refuse answers what is not a request that can be served. fasthttp ends the
// connection after it.
func refuse(ctx *fasthttp.RequestCtx, err error) {
	status := fasthttp.StatusBadRequest
	var small *fasthttp.ErrSmallBuffer
	var ne net.Error
	switch {
	case errors.As(err, &small):
		status = fasthttp.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status = fasthttp.StatusRequestEntityTooLarge
	case errors.As(err, &ne) && ne.Timeout():
		status = fasthttp.StatusRequestTimeout
	}
	ctx.Error(fasthttp.StatusMessage(status), status)
	if c, ok := ctx.Conn().(*conn); ok {
		c.refused = true
	}
}

func (s *Server) logPanic(from net.Addr, what string, p any) {
	s.panics.Add(1)
	if s.cfg.Log != nil {
		s.cfg.Log.Printf("panic serving %s, %s: %v\n%s", from, what, p, debug.Stack())
	}
}
