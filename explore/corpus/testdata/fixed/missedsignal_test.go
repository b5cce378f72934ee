package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/missedsignal: the signal is a state that the waiter looks at.

func TestMissedSignal(t *testing.T) {
	var mu sync.Mutex
	ready := sync.NewCond(&mu)
	isReady := false
	go func() {
		mu.Lock()
		isReady = true
		ready.Signal()
		mu.Unlock()
	}()
	mu.Lock()
	for !isReady {
		ready.Wait()
	}
	mu.Unlock()
}
