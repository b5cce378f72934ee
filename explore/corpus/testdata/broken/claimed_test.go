package broken

import (
	"sync"
	"sync/atomic"
	"testing"
)

// A task is looked at and then claimed, in two steps: two goroutines may do it.

type claimable struct {
	claimed uint32
	done    int32
}

func (t *claimable) try() {
	if atomic.LoadUint32(&t.claimed) != 0 {
		return
	}
	atomic.StoreUint32(&t.claimed, 1)
	atomic.AddInt32(&t.done, 1)
}

// want fail
func TestClaimed(t *testing.T) {
	var once claimable
	var wg sync.WaitGroup
	wg.Go(once.try)
	wg.Go(once.try)
	wg.Wait()
	if n := atomic.LoadInt32(&once.done); n != 1 {
		t.Errorf("the task was done %d times", n)
	}
}
