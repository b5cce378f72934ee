package racy

import (
	"sync"
	"testing"
)

// snapshot copies a struct whose fields are being set under a lock that it does not take.

type limits struct{ low, high int }

type gauge struct {
	mu     sync.Mutex
	limits limits
}

func (g *gauge) set(low, high int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits.low, g.limits.high = low, high
}

func (g *gauge) snapshot() limits { return g.limits }

func TestStructCopy(t *testing.T) {
	g := &gauge{}
	var wg sync.WaitGroup
	wg.Go(func() { g.set(1, 2) })
	wg.Go(func() {
		if s := g.snapshot(); s.high < s.low {
			t.Error(s)
		}
	})
	wg.Wait()
}
