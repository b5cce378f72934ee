package fixed

import (
	"errors"
	"sync"
	"testing"
)

// The twin of racy/closingflag: the flag is looked at under the lock only.

type conn struct {
	mu      sync.Mutex
	closed  bool
	written int
}

func (c *conn) write(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("closed")
	}
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
