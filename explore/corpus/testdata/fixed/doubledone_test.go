package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/doubledone: Done stands in one place.

type task struct {
	wg        sync.WaitGroup
	mu        sync.Mutex
	cancelled bool
}

func (t *task) run() {
	defer t.wg.Done()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancelled {
		return
	}
}

func (t *task) cancel() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancelled = true
}

func TestDoubleDone(t *testing.T) {
	var task task
	task.wg.Add(1)
	go task.run()
	task.cancel()
	task.wg.Wait()
}
