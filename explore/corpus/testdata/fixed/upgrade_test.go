package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/upgrade: the read lock is given back, and the map looked at again.

type names struct {
	mu  sync.RWMutex
	ids map[string]int
}

func (n *names) id(name string) int {
	n.mu.RLock()
	id, ok := n.ids[name]
	n.mu.RUnlock()
	if ok {
		return id
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if id, ok := n.ids[name]; ok {
		return id
	}
	n.ids[name] = len(n.ids)
	return n.ids[name]
}

func TestUpgrade(t *testing.T) {
	n := &names{ids: map[string]int{}}
	var wg sync.WaitGroup
	got := make(chan int, 2)
	wg.Go(func() { got <- n.id("a") })
	wg.Go(func() { got <- n.id("a") })
	wg.Wait()
	if a, b := <-got, <-got; a != b {
		t.Errorf("a has the ids %d and %d", a, b)
	}
}
