package broken

import (
	"sync"
	"sync/atomic"
	"testing"
)

// A counter is loaded and stored atomically, and an update in between is lost.

// want fail
func TestStoredBack(t *testing.T) {
	var hits int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			atomic.StoreInt64(&hits, atomic.LoadInt64(&hits)+1)
		})
	}
	wg.Wait()
	if hits != 2 {
		t.Errorf("%d hits, want 2", hits)
	}
}
