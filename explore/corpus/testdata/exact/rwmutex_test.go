package exact

import (
	"sync"
	"testing"
)

func TestRWMutex(t *testing.T) {
	var d diary
	var mu sync.RWMutex
	version := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			for range 2 {
				mu.Lock()
				version++
				d.note("w", i)
				mu.Unlock()
			}
		})
		wg.Go(func() {
			for range 3 {
				mu.RLock()
				d.note("r", i, version)
				mu.RUnlock()
			}
			if mu.TryRLock() {
				d.note("r", i, "last", version)
				mu.RUnlock()
			}
		})
	}
	wg.Wait()
	d.tell(t)
}
