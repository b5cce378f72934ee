package broken

import (
	"sync"
	"testing"
)

// stop unlocks in its error path what it unlocks when it returns.

type engine struct {
	mu      sync.Mutex
	running bool
}

func (e *engine) stop() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.running {
		e.mu.Unlock()
		return false
	}
	e.running = false
	return true
}

// want fatal
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
