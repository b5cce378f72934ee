package broken

import (
	"sync"
	"testing"
)

// Reading and writing are each locked, but not the two together.

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counter) set(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = n
}

func (c *counter) add() { c.set(c.get() + 1) }

// want fail
func TestLostUpdate(t *testing.T) {
	var c counter
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(c.add)
	}
	wg.Wait()
	if c.n != 3 {
		t.Errorf("count %d, want 3", c.n)
	}
}
