package broken

import (
	"sync"
	"testing"
)

// A configuration that is asked for while it is being read asks for itself.

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
		c.level = c.get() + 1
	}
}

// want deadlock
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
