package racy

import (
	"sync"
	"testing"
)

// The fast path skips the lock. It is taken only by who comes when the value has been written, and another write follows.

type cell struct {
	mu      sync.Mutex
	version chan int // the last version, for who comes later
	value   int
}

func (c *cell) set(v int) {
	c.mu.Lock()
	c.value = v
	c.mu.Unlock()
	select {
	case c.version <- v:
	default:
	}
}

func (c *cell) get() int {
	select {
	case <-c.version:
		return c.value
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value
}

func TestRarePath(t *testing.T) {
	c := &cell{version: make(chan int, 1)}
	var wg sync.WaitGroup
	wg.Go(func() { c.set(1); c.set(2) })
	wg.Go(func() {
		if v := c.get(); v < 0 || v > 2 {
			t.Error(v)
		}
	})
	wg.Wait()
}
