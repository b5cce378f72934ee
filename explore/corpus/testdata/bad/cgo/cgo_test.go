package cgo

import (
	"sync"
	"testing"
)

func TestCgo(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if twice(i) != 2*i || back(i) != 2*i {
				t.Error(i)
			}
		})
	}
	wg.Wait()
}
