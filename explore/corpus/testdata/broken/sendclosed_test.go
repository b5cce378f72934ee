package broken

import (
	"sync"
	"testing"
)

// The first producer that has finished closes the channel the others still send on.

// want panic
func TestSendOnClosed(t *testing.T) {
	out := make(chan int)
	var producers sync.WaitGroup
	var once sync.Once
	for i := range 2 {
		producers.Go(func() {
			out <- i
			out <- i
			once.Do(func() { close(out) })
		})
	}
	n := 0
	for range out {
		n++
	}
	if n != 4 {
		t.Errorf("%d values, want 4", n)
	}
	producers.Wait()
}
