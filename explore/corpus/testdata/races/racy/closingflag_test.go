package racy

import (
	"errors"
	"sync"
	"testing"
)

// close sets the flag under the lock; write looks at it once without, to be fast.

type conn struct {
	mu      sync.Mutex
	closed  bool
	written int
}

func (c *conn) write(n int) error {
	if c.closed {
		return errors.New("closed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written += n
	return nil
}

func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

func TestClosingFlag(t *testing.T) {
	c := &conn{}
	var wg sync.WaitGroup
	wg.Go(func() { c.write(1) })
	wg.Go(c.close)
	wg.Wait()
}
