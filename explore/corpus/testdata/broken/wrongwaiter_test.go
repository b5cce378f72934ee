package broken

import (
	"sync"
	"testing"
)

// Producers and consumers of a one-slot box share a condition, and Signal may wake one of the wrong kind.

type box struct {
	mu      sync.Mutex
	changed *sync.Cond
	full    bool
}

func (b *box) turn(full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.full == full {
		b.changed.Wait()
	}
	b.full = full
	b.changed.Signal()
}

// want deadlock
func TestWrongWaiter(t *testing.T) {
	b := &box{}
	b.changed = sync.NewCond(&b.mu)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { b.turn(true); b.turn(true) })
		wg.Go(func() { b.turn(false); b.turn(false) })
	}
	wg.Wait()
}
