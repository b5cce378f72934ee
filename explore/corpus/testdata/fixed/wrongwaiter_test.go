package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/wrongwaiter: Broadcast wakes all, and each looks for itself.

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
	b.changed.Broadcast()
}

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
