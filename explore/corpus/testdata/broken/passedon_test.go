package broken

import (
	"sync"
	"testing"
	"time"
)

// A lock is given to another goroutine, which gives it back; but only after the next one has been taken.

type slot struct {
	mu   sync.Mutex
	from string
}

var left, right slot

// want deadlock
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
		left.mu.Lock()
		left.from = "second"
		work <- &right
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
