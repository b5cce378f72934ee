package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/doublelock: evict expects the lock held.

type cache struct {
	mu      sync.Mutex
	entries map[int]bool
	room    int
}

func (c *cache) put(key int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) == c.room {
		c.evictLocked()
	}
	c.entries[key] = true
}

func (c *cache) remove(key int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

func (c *cache) evictLocked() {
	for key := range c.entries {
		delete(c.entries, key)
		return
	}
}

func TestDoubleLock(t *testing.T) {
	c := &cache{entries: map[int]bool{0: true}, room: 2}
	var wg sync.WaitGroup
	wg.Go(func() { c.put(1) })
	wg.Go(func() { c.remove(0) })
	wg.Go(func() { c.put(2) })
	wg.Wait()
}
