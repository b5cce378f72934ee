package broken

import (
	"sync"
	"testing"
)

// A task that finds itself cancelled calls Done, and so does its deferred call.

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
		t.wg.Done()
		return
	}
}

func (t *task) cancel() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancelled = true
}

// want panic
func TestDoubleDone(t *testing.T) {
	var task task
	task.wg.Add(1)
	go task.run()
	task.cancel()
	task.wg.Wait()
}
