package fixed

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The twin of broken/announced: who finds the place taken waits for its turn.

var place uintptr

func announce(me uintptr, t *testing.T) {
	for !atomic.CompareAndSwapUintptr(&place, 0, me) {
	}
	if was := atomic.SwapUintptr(&place, 0); was != me {
		t.Errorf("%d finds %d", me, was)
	}
}

func TestAnnounced(t *testing.T) {
	var wg sync.WaitGroup
	for me := range uintptr(2) {
		wg.Go(func() { announce(me+1, t) })
	}
	wg.Wait()
}
