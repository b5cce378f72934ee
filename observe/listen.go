package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Listen listens on addr for a page. Without public only on a loopback address:
// on any other, everybody who can reach it sees the program's functions, files,
// addresses and connections.
func Listen(addr string, public bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%q is no address: give HOST:PORT, as 127.0.0.1:7070", addr)
	}
	if !public && !loopback(host) {
		return nil, fmt.Errorf("%s is not a loopback address: everybody who reaches it would see the program's functions, files and "+
			"connections; -view-public allows it", addr)
	}
	ln, err := net.Listen("tcp", addr)
	if oe := (*net.OpError)(nil); errors.As(err, &oe) {
		return nil, fmt.Errorf("can't listen on %s: %w; choose another address (port 0 takes a free one)", addr, oe.Err)
	}
	return listener{ln}, err
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// URL is the link to the page on ln, with the token that allows control.
func (s *Server) URL(ln net.Listener) string {
	link := "http://" + ln.Addr().String() + "/"
	if s.opts.Token != "" {
		link += "#token=" + s.opts.Token
	}
	return link
}

// Serve serves the page on ln until ctx ends.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listener and conn are what they wrap. Their methods stand on the stacks of the
// page's goroutines, by which the runtime knows that those can't wake a
// coroutine (sched/deadlock.go).
type listener struct{ net.Listener }

// Accept accepts a connection.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{c}, nil
}

type conn struct{ net.Conn }

// Read reads.
func (c *conn) Read(b []byte) (int, error) { return c.Conn.Read(b) }
