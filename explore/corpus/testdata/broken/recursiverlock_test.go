package broken

import (
	"sync"
	"testing"
)

// A reader takes the lock again while a writer waits: the writer waits for the reader, the reader for the writer.

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
	return l.total() / len(l.entries)
}

func (l *ledger) total() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
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

// want deadlock
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
