package fixed

import (
	"sync"
	"testing"
)

// The twin of racy/mapwrite: a lock is held for each.

func TestMapWrite(t *testing.T) {
	hits := map[string]int{"a": 1}
	var mu sync.RWMutex
	var wg sync.WaitGroup
	wg.Go(func() {
		mu.Lock()
		defer mu.Unlock()
		hits["b"] = 2
	})
	wg.Go(func() {
		mu.RLock()
		defer mu.RUnlock()
		if hits["a"] != 1 {
			t.Error("a is lost")
		}
	})
	wg.Wait()
}
