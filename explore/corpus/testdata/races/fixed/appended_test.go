package fixed

import (
	"sync"
	"testing"
)

// The twin of racy/appended: each worker has an element of its own.

func TestAppended(t *testing.T) {
	squares := make([]int, 3)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { squares[i] = i * i })
	}
	wg.Wait()
	if len(squares) > 3 {
		t.Error(squares)
	}
}
