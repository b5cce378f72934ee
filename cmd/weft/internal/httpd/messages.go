package httpd

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/weftgo/weft/adapt/http1"
	"github.com/weftgo/weft/wnet"
)

// The other way to serve: a coroutine for each message in place of each
// connection. wnet.Server then does what Server and conn do else.

// perMessage makes s serve so.
func (s *Server) perMessage() {
	s.http.ReadTimeout, s.http.IdleTimeout, s.http.ConnState = 0, 0, nil
	idle := s.cfg.Idle
	if idle == 0 {
		idle = s.cfg.Read // of a connection that says nothing at all
	}
	s.messages = &wnet.Server{
		Handler:      http1.Handler(&s.http),
		ReadTimeout:  s.cfg.Read,
		WriteTimeout: s.cfg.Write,
		IdleTimeout:  idle,
		MaxConns:     int(s.cfg.Conns),
		BufferSize:   maxHeader,
		ErrorLog:     s.cfg.Log,
	}
}

// serveMessages is Serve.
func (s *Server) serveMessages(ln net.Listener) error {
	err := s.messages.Serve(ln)
	if !errors.Is(err, wnet.ErrServerClosed) {
		return err
	}
	return s.messages.Shutdown(context.Background()) // waits for what is in flight
}

// drainMessages is Drain: it begins to shut down, and leaves the waiting to a
// goroutine.
func (s *Server) drainMessages(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	over, end := context.WithCancel(ctx)
	end()
	_ = s.messages.Shutdown(over)
	go func() {
		defer cancel()
		if s.messages.Shutdown(ctx) != nil {
			s.messages.Close()
		}
	}()
}
