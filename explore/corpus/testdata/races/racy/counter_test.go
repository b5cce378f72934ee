package racy

import (
	"sync"
	"testing"
)

// Two goroutines count in one plain variable.

func TestCounter(t *testing.T) {
	n := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { n++ })
	}
	wg.Wait()
}
