package racy

import (
	"sync"
	"testing"
)

// The goroutines share the loop's variable, which is declared outside of it and goes on counting.

func TestLoopCapture(t *testing.T) {
	seen := make(chan int, 3)
	var wg sync.WaitGroup
	var i int
	for i = 0; i < 3; i++ {
		wg.Go(func() { seen <- i })
	}
	wg.Wait()
	close(seen)
	for i := range seen {
		if i < 0 || i > 3 {
			t.Error(i)
		}
	}
}
