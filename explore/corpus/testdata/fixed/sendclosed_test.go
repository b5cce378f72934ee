package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/sendclosed: the channel is closed when all producers have finished.

func TestSendOnClosed(t *testing.T) {
	out := make(chan int)
	var producers sync.WaitGroup
	for i := range 2 {
		producers.Go(func() {
			out <- i
			out <- i
		})
	}
	go func() {
		producers.Wait()
		close(out)
	}()
	n := 0
	for range out {
		n++
	}
	if n != 4 {
		t.Errorf("%d values, want 4", n)
	}
	producers.Wait()
}
