package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/shutdownlock: shutdown gives the lock back before it waits.

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
	p.closing = true
	p.mu.Unlock()
	p.workers.Wait()
}

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
