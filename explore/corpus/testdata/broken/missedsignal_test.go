package broken

import (
	"sync"
	"testing"
)

// The waiter waits without looking whether it still has to: a signal before the wait is lost.

// want deadlock
func TestMissedSignal(t *testing.T) {
	var mu sync.Mutex
	ready := sync.NewCond(&mu)
	go func() {
		mu.Lock()
		ready.Signal()
		mu.Unlock()
	}()
	mu.Lock()
	ready.Wait()
	mu.Unlock()
}
