package broken

import (
	"errors"
	"sync"
	"testing"
)

// The stage in the middle returns on an error, and the one before it can't send any more.

func source(n int, out chan<- int) {
	defer close(out)
	for i := range n {
		out <- i
	}
}

func double(in <-chan int, out chan<- int, broken func() bool) (err error) {
	defer close(out)
	for v := range in {
		if broken() {
			return errors.New("broken")
		}
		out <- 2 * v
	}
	return nil
}

// want leak
func TestBrokenStage(t *testing.T) {
	var mu sync.Mutex
	broken := false
	a, b := make(chan int), make(chan int)
	go source(4, a)
	go double(a, b, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return broken
	})
	go func() {
		mu.Lock()
		broken = true
		mu.Unlock()
	}()
	for v := range b {
		if v%2 != 0 {
			t.Errorf("%d is odd", v)
		}
	}
}
