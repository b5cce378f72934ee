package wnet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("wnet: the server is closed")

// Server serves connections message by message: Handler is called when bytes
// have come, may park in the middle of a message as any coroutine may, and
// returns at its end. Between messages a connection has no coroutine, no stack
// and no buffer; it costs some 380 bytes in all (weft bench idle).
//
// Set the fields before the first call of Serve, and not after. A Server with
// listeners for several addresses, or one for each P, has a Serve for each.
type Server struct {
	// Handler serves one message, or a few that came together. It is called with
	// at least one byte to read. It returns nil at the end of a message: if more
	// bytes are there it is called again at once, else when more come. If it
	// returns without having taken any byte, it is called again when there are
	// more than now. An error ends the connection.
	//
	// A panic ends its connection and is logged.
	Handler func(c *Session) error

	// Opened is called in a coroutine of a new connection before anything is
	// read; an error ends the connection. nil: nothing.
	Opened func(c *Session) error

	// Closed is called after a connection has been closed, with the error that
	// Handler returned or what else ended it: io.EOF when the peer did,
	// os.ErrDeadlineExceeded after IdleTimeout, ErrServerClosed. nil: nothing.
	Closed func(c *Session, err error)

	// ReadTimeout is how long what has begun may take to arrive: it counts
	// from the first time in a message that Handler has to wait for bytes.
	// WriteTimeout is how long a Write may take. IdleTimeout is how long nothing
	// may come between messages, a quarter more at most. 0 means no limit.
	ReadTimeout  time.Duration
	WriteTimeout time.Duration
	IdleTimeout  time.Duration

	MaxConns   int         // open at a time, 0 for any number; more wait to be accepted
	BufferSize int         // of the buffer of a message in progress: what Peek can show; 0 means 4096
	TLSConfig  *tls.Config // speak TLS (session_tls.go); nil: don't
	ErrorLog   *log.Logger // nil means log's standard one

	draining atomic.Bool   // no next message
	ticks    atomic.Uint32 // of the sweeper: the time in quarters of IdleTimeout

	buffers sync.Pool // of *inbuf

	mu        sched.Lock // guards what follows
	listeners map[*listener]struct{}
	conns     sessionList
	open      int // connections, those included that are being made
	sweeping  bool
	waiting   []waiting
}

// waiting is somebody who waits for a connection to end, or for the end.
type waiting struct {
	w *sched.Waiter
	t sched.Ticket
}

// Serve accepts connections from l, a TCPListener or a stream's UnixListener, and
// serves them until Shutdown or Close, after which it returns ErrServerClosed at
// once; or until accepting fails. It closes l. When the runtime of the calling
// coroutine ends, all connections are closed.
func (s *Server) Serve(l net.Listener) error {
	ll, accept, err := s.accepter(l)
	if err != nil {
		return err
	}
	if err := s.begin(ll); err != nil {
		l.Close()
		return err
	}
	defer s.serveEnded(ll)
	for {
		draining := false
		_ = s.waitFor(context.Background(), func() bool {
			if draining = s.draining.Load(); draining {
				return true // and count nothing: Shutdown may have returned
			}
			ok := s.MaxConns <= 0 || s.open < s.MaxConns
			if ok {
				s.open++
			}
			return ok
		})
		if draining {
			return ErrServerClosed
		}
		fd, err := accept()
		if err == nil {
			s.start(fd)
			continue
		}
		s.closed(nil)
		if s.draining.Load() {
			return ErrServerClosed
		}
		var temporary interface{ Temporary() bool }
		if !errors.As(err, &temporary) || !temporary.Temporary() {
			return err
		}
		s.logf("accept: %v", err) // such as select's limit: until others have gone
		sched.Sleep(10 * time.Millisecond)
	}
}

// accepter returns how to accept from l.
func (s *Server) accepter(l net.Listener) (*listener, func() (*netFD, error), error) {
	switch l := l.(type) {
	case *TCPListener:
		return &l.listener, func() (*netFD, error) {
			c, err := l.AcceptTCP()
			if err != nil {
				return nil, err
			}
			return &c.netFD, nil
		}, nil
	case *UnixListener:
		if l.conns.stream() {
			return &l.listener, func() (*netFD, error) {
				c, err := l.AcceptUnix()
				if err != nil {
					return nil, err
				}
				return &c.netFD, nil
			}, nil
		}
	}
	return nil, nil, fmt.Errorf("wnet: Server can't serve a %T: it takes what Listen returns for tcp and unix", l)
}

func (s *Server) begin(l *listener) error {
	if s.Handler == nil {
		return errors.New("wnet: Server without a Handler")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return ErrServerClosed
	}
	if s.listeners == nil {
		s.listeners = map[*listener]struct{}{}
	}
	s.listeners[l] = struct{}{}
	if s.IdleTimeout > 0 && !s.sweeping {
		s.sweeping = true
		sched.Go(s.sweep)
	}
	return nil
}

func (s *Server) serveEnded(l *listener) {
	s.mu.Lock()
	delete(s.listeners, l)
	s.mu.Unlock()
	l.Close()
	if sched.Unwinding() { // handlers end by themselves
		s.drain()
		s.endRestingAll()
	}
}

// start gives an accepted connection its Session and a first coroutine.
func (s *Server) start(fd *netFD) {
	c := newSession(s, fd)
	s.mu.Lock()
	s.conns.push(c)
	s.mu.Unlock()
	if s.draining.Load() && c.endResting(ErrServerClosed) { // Shutdown may have looked before
		return
	}
	c.starter.Start()
}

// closed counts a connection out, and wakes who waits for that.
func (s *Server) closed(c *Session) {
	s.mu.Lock()
	if c != nil {
		s.conns.remove(c)
	}
	s.open--
	s.mu.Unlock()
	s.wake()
}

func (s *Server) wake() {
	s.mu.Lock()
	list := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, x := range list {
		x.w.Ready(x.t, 0)
	}
}

// waitFor parks until ok, which is called with mu held, says true, or ctx,
// if there is one, is done. Who changes what ok looks at calls wake afterwards.
func (s *Server) waitFor(ctx context.Context, ok func() bool) error {
	w := sched.Self()
	defer w.Release()
	for {
		s.mu.Lock()
		if ok() {
			s.mu.Unlock()
			return nil
		}
		if ctx.Err() != nil {
			s.mu.Unlock()
			return ctx.Err()
		}
		t := w.Begin()
		s.waiting = append(s.waiting, waiting{w, t})
		s.mu.Unlock()
		w.Park(t, trace.WaitIOClose, s)
	}
}

// Shutdown stops accepting, closes the connections that are between messages,
// and parks until those in a message have ended it and are closed. When ctx is
// done it returns ctx's error and leaves them to go on, or to Close.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	s.endRestingAll()
	stop := context.AfterFunc(ctx, s.wake)
	defer stop()
	return s.waitFor(ctx, func() bool { return s.open == 0 })
}

// Close stops accepting and closes every connection, whatever it does. It does
// not wait for handlers to return.
func (s *Server) Close() error {
	s.drain()
	for _, c := range s.sessions(nil) {
		if !c.endResting(ErrServerClosed) {
			c.netFD.Close()
		}
	}
	return nil
}

func (s *Server) endRestingAll() {
	for _, c := range s.sessions(nil) {
		c.endResting(ErrServerClosed)
	}
}

func (s *Server) drain() {
	s.mu.Lock()
	s.draining.Store(true)
	var list []*listener
	for l := range s.listeners {
		list = append(list, l)
	}
	s.mu.Unlock()
	for _, l := range list {
		l.Close()
	}
	s.wake()
}

// Conns returns how many connections are open.
func (s *Server) Conns() int { return len(s.sessions(nil)) }

// sessions returns those that which says true of, all if it is nil.
func (s *Server) sessions(which func(*Session) bool) (list []*Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := s.conns.first; c != nil; c = c.next {
		if which == nil || which(c) {
			list = append(list, c)
		}
	}
	return list
}

// idleTicks is into how many ticks of the sweeper IdleTimeout is divided. A
// timer for each connection would be exact, and weigh as much as a third of it.
const idleTicks = 4

// sweep ends the connections that have rested for too long.
func (s *Server) sweep() {
	for {
		sched.Sleep(max(s.IdleTimeout/idleTicks, time.Millisecond))
		now := s.ticks.Add(1)
		stale := s.sessions(func(c *Session) bool { return now-c.since.Load() > idleTicks && c.resting() })
		for _, c := range stale {
			if now-c.since.Load() > idleTicks { // it may have served another message meanwhile
				c.endResting(errIdle)
			}
		}
		s.mu.Lock()
		if s.draining.Load() && s.open == 0 {
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

func (s *Server) logf(format string, args ...any) {
	if s.ErrorLog != nil {
		s.ErrorLog.Printf(format, args...)
	} else {
		log.Printf("wnet: "+format, args...)
	}
}

// panicked is the error of a handler that panicked.
func (s *Server) panicked(c *Session, v any) error {
	s.logf("panic serving %v: %v\n%s", c.RemoteAddr(), v, debug.Stack())
	return fmt.Errorf("wnet: the handler panicked: %v", v)
}

// sessionList is a chain of Sessions, through their next and prev.
type sessionList struct{ first *Session }

func (l *sessionList) push(c *Session) {
	c.next = l.first
	if c.next != nil {
		c.next.prev = c
	}
	l.first = c
}

func (l *sessionList) remove(c *Session) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev = nil, nil
}
