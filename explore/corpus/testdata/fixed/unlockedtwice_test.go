package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/unlockedtwice: it is unlocked in one place.

type engine struct {
	mu      sync.Mutex
	running bool
}

func (e *engine) stop() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.running {
		return false
	}
	e.running = false
	return true
}

func TestUnlockedTwice(t *testing.T) {
	e := &engine{}
	var wg sync.WaitGroup
	wg.Go(func() {
		e.mu.Lock()
		e.running = true
		e.mu.Unlock()
	})
	wg.Go(func() { e.stop() })
	wg.Wait()
}
