package broken

import (
	"sync"
	"testing"
)

// A reader asks for the write lock without giving the read lock back.

type names struct {
	mu  sync.RWMutex
	ids map[string]int
}

func (n *names) id(name string) int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	id, ok := n.ids[name]
	if ok {
		return id
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids[name] = len(n.ids)
	return n.ids[name]
}

// want deadlock
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
