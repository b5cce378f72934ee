package broken

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Who comes writes its number down, and takes it off again: somebody else's may
// stand there by then.

var place uintptr

func announce(me uintptr, t *testing.T) {
	atomic.StoreUintptr(&place, me)
	if was := atomic.SwapUintptr(&place, 0); was != me {
		t.Errorf("%d finds %d", me, was)
	}
}

// want fail
func TestAnnounced(t *testing.T) {
	var wg sync.WaitGroup
	for me := range uintptr(2) {
		wg.Go(func() { announce(me+1, t) })
	}
	wg.Wait()
}
