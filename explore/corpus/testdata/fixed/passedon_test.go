package fixed

import (
	"sync"
	"testing"
	"time"
)

// The twin of broken/passedon: the lock is given to another goroutine before the next one is asked for. Two goroutines may wait for each
// other's locks for a second, and still nothing is wrong.

type slot struct {
	mu   sync.Mutex
	from string
}

var left, right slot

func TestPassedOn(t *testing.T) {
	left, right = slot{}, slot{}
	work := make(chan *slot, 1)
	var wg sync.WaitGroup
	wg.Go(func() { // gives right back for whom has filled it
		s := <-work
		time.Sleep(time.Second)
		s.mu.Unlock()
	})
	wg.Go(func() {
		right.mu.Lock()
		right.from = "second"
		work <- &right
		left.mu.Lock()
		left.from = "second"
		left.mu.Unlock()
	})
	wg.Go(func() {
		left.mu.Lock()
		right.mu.Lock()
		left.from, right.from = "first", "first"
		right.mu.Unlock()
		left.mu.Unlock()
	})
	wg.Wait()
}
