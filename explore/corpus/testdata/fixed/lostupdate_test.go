package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/lostupdate: one lock spans reading and writing.

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

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
