package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/barrier: each round has a number, and one waits for it to change.

type barrier struct {
	mu    sync.Mutex
	moved *sync.Cond
	need  int
	here  int
	round int
}

func (b *barrier) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	round := b.round
	b.here++
	if b.here == b.need {
		b.here = 0
		b.round++
		b.moved.Broadcast()
		return
	}
	for b.round == round {
		b.moved.Wait()
	}
}

func TestBarrier(t *testing.T) {
	b := &barrier{need: 2}
	b.moved = sync.NewCond(&b.mu)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 3 {
				b.wait()
			}
		})
	}
	wg.Wait()
}
