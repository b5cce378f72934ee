package fixed

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The twin of broken/storedback: the addition is one operation.

func TestStoredBack(t *testing.T) {
	var hits int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			atomic.AddInt64(&hits, 1)
		})
	}
	wg.Wait()
	if hits != 2 {
		t.Errorf("%d hits, want 2", hits)
	}
}
