package fixed

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The twin of racy/counter: the variable is atomic.

func TestCounter(t *testing.T) {
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { n.Add(1) })
	}
	wg.Wait()
}
