package fixed

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The twin of broken/claimed: a compare-and-swap claims it.

type claimable struct {
	claimed uint32
	done    int32
}

func (t *claimable) try() {
	if !atomic.CompareAndSwapUint32(&t.claimed, 0, 1) {
		return
	}
	atomic.AddInt32(&t.done, 1)
}

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
