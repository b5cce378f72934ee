package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/recursiveonce: what is needed while it is read is given as an argument.

type config struct {
	once  sync.Once
	mu    sync.Mutex
	debug bool
	level int
}

func (c *config) get() int {
	c.once.Do(c.read)
	return c.level
}

func (c *config) read() {
	c.mu.Lock()
	debug := c.debug
	c.mu.Unlock()
	c.level = 1
	if debug {
		c.level = c.level + 1
	}
}

func TestRecursiveOnce(t *testing.T) {
	c := &config{}
	var wg sync.WaitGroup
	wg.Go(func() {
		c.mu.Lock()
		c.debug = true
		c.mu.Unlock()
	})
	wg.Go(func() { c.get() })
	wg.Wait()
	if c.get() < 1 {
		t.Error("not read")
	}
}
