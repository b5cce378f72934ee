package fixed

import (
	"sync"
	"testing"
)

// The twin of racy/loopcapture: each turn of the loop has a variable of its own.

func TestLoopCapture(t *testing.T) {
	seen := make(chan int, 3)
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
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
