package broken

import (
	"sync"
	"testing"
)

// shutdown waits for the workers with the lock held that they need to end.

type pool struct {
	mu      sync.Mutex
	closing bool
	done    int
	workers sync.WaitGroup
}

func (p *pool) work() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closing {
		p.done++
	}
}

func (p *pool) shutdown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	p.workers.Wait()
}

// want deadlock
func TestShutdownLock(t *testing.T) {
	p := &pool{}
	for range 2 {
		p.workers.Go(p.work)
	}
	p.shutdown()
	if p.done > 2 {
		t.Errorf("%d done", p.done)
	}
}
