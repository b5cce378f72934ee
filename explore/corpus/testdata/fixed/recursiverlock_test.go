package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/recursiverlock: total expects the lock held.

type ledger struct {
	mu      sync.RWMutex
	entries []int
}

func (l *ledger) mean() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.entries) == 0 {
		return 0
	}
	return l.totalLocked() / len(l.entries)
}

func (l *ledger) totalLocked() int {
	sum := 0
	for _, e := range l.entries {
		sum += e
	}
	return sum
}

func (l *ledger) add(e int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

func TestRecursiveRLock(t *testing.T) {
	l := &ledger{entries: []int{4}}
	var wg sync.WaitGroup
	wg.Go(func() { l.add(4) })
	wg.Go(func() {
		if m := l.mean(); m != 4 {
			t.Errorf("mean %d, want 4", m)
		}
	})
	wg.Wait()
}
