package lab

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What is asked, and answered by every server that is measured.
const (
	Body    = "Hello, World!"
	Request = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
	Answer  = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + Body
)

// End is the end of a request.
const End = "\r\n\r\n"

// Patience is how long an answer may take.
const Patience = 20 * time.Second

// Crowd is the client's side of many keep-alive connections to one server.
type Crowd struct{ conns []net.Conn }

const dialers = 16 // at once: fewer than any queue of connections to be accepted

// Gather opens n connections to addr, each of which has had an answer when it
// returns. On an error it closes them all.
func Gather(addr string, n int) (*Crowd, error) {
	c := &Crowd{conns: make([]net.Conn, n)}
	var next atomic.Int64
	var failed atomic.Bool
	err := c.each(min(n, dialers), func(int) error {
		for !failed.Load() {
			i := int(next.Add(1)) - 1
			if i >= n {
				return nil
			}
			conn, err := dial(addr)
			if err != nil {
				failed.Store(true)
				return fmt.Errorf("connection %d of %d: %w", i+1, n, err)
			}
			c.conns[i] = conn
		}
		return nil
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dial opens a connection that has had an answer. Closing it resets it, so that
// it leaves nothing behind in the kernel.
func dial(addr string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, Patience)
	if err != nil {
		return nil, err
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.SetDeadline(time.Now().Add(Patience))
	if err := ask(conn, make([]byte, 1024)); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, conn.SetDeadline(time.Time{})
}

// ask sends a request and reads to the end of its answer.
func ask(conn net.Conn, buf []byte) error {
	if _, err := conn.Write([]byte(Request)); err != nil {
		return err
	}
	for got := 0; ; {
		n, err := conn.Read(buf[got:])
		if got += n; bytes.HasSuffix(buf[:got], []byte(Body)) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// each calls f with 0 to n-1 in goroutines and returns the first error.
func (c *Crowd) each(n int, f func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Load is what a crowd has got.
type Load struct {
	Requests int
	Took     time.Duration
	waits    []time.Duration // of each request, sorted
}

// Rate is requests a second.
func (l *Load) Rate() float64 { return float64(l.Requests) / l.Took.Seconds() }

// Percentile returns how long q of all requests waited at most; q is from 0 to 1.
func (l *Load) Percentile(q float64) time.Duration {
	if len(l.waits) == 0 {
		return 0
	}
	return l.waits[min(int(q*float64(len(l.waits))), len(l.waits)-1)]
}

// Run has every connection send one request after the other for d, but one at
// least, the next when the answer to the last has come.
func (c *Crowd) Run(d time.Duration) (*Load, error) {
	waits := make([][]time.Duration, len(c.conns))
	begin := time.Now()
	end := begin.Add(d)
	err := c.each(len(c.conns), func(i int) error {
		conn, buf := c.conns[i], make([]byte, 1024)
		_ = conn.SetDeadline(end.Add(Patience))
		for now := time.Now(); ; {
			if err := ask(conn, buf); err != nil {
				return err
			}
			then := now
			now = time.Now()
			waits[i] = append(waits[i], now.Sub(then))
			if !now.Before(end) {
				return nil
			}
		}
	})
	if err != nil {
		return nil, err
	}
	l := &Load{Took: time.Since(begin), waits: slices.Concat(waits...)}
	l.Requests = len(l.waits)
	slices.Sort(l.waits)
	return l, nil
}

// Close closes all connections.
func (c *Crowd) Close() error {
	var errs []error
	for _, conn := range c.conns {
		if conn != nil {
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}
