package fixed

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The twin of racy/publication: the flag is atomic and orders what was written before it.

func TestPublication(t *testing.T) {
	message := ""
	var ready atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		message = "hello"
		ready.Store(true)
	})
	wg.Go(func() {
		if ready.Load() && message != "hello" {
			t.Error("half a message")
		}
	})
	wg.Wait()
}
