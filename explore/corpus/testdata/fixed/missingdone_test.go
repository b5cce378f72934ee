package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/missingdone: Done is deferred.

func TestMissingDone(t *testing.T) {
	var wg sync.WaitGroup
	cancel := make(chan struct{})
	jobs := make(chan int, 2)
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			select {
			case jobs <- 1:
			case <-cancel:
				return
			}
		}()
	}
	close(cancel)
	wg.Wait()
}
