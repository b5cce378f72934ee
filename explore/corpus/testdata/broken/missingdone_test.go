package broken

import (
	"sync"
	"testing"
)

// A worker that finds the job cancelled returns without Done.

// want deadlock
func TestMissingDone(t *testing.T) {
	var wg sync.WaitGroup
	cancel := make(chan struct{})
	jobs := make(chan int, 2)
	for range 2 {
		wg.Add(1)
		go func() {
			select {
			case jobs <- 1:
			case <-cancel:
				return
			}
			wg.Done()
		}()
	}
	close(cancel)
	wg.Wait()
}
