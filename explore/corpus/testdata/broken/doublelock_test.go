package broken

import (
	"sync"
	"testing"
)

// evict locks what its caller holds already. It is called only when the remover comes last.

type cache struct {
	mu      sync.Mutex
	entries map[int]bool
	room    int
}

func (c *cache) put(key int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) == c.room {
		c.evict()
	}
	c.entries[key] = true
}

func (c *cache) remove(key int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

func (c *cache) evict() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.entries {
		delete(c.entries, key)
		return
	}
}

// want deadlock
func TestDoubleLock(t *testing.T) {
	c := &cache{entries: map[int]bool{0: true}, room: 2}
	var wg sync.WaitGroup
	wg.Go(func() { c.put(1) })
	wg.Go(func() { c.remove(0) })
	wg.Go(func() { c.put(2) })
	wg.Wait()
}
