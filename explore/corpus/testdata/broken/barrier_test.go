package broken

import (
	"sync"
	"testing"
)

// A fast one is back at the barrier before a slow one has left it, and resets what the slow one waits for.

type barrier struct {
	mu    sync.Mutex
	moved *sync.Cond
	need  int
	here  int
}

func (b *barrier) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.here == b.need {
		b.here = 0 // the last round is over
	}
	b.here++
	if b.here == b.need {
		b.moved.Broadcast()
		return
	}
	for b.here < b.need {
		b.moved.Wait()
	}
}

// want deadlock
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
