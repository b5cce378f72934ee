package racy

import (
	"sync"
	"testing"
)

// One goroutine writes into a map while another one reads it.

func TestMapWrite(t *testing.T) {
	hits := map[string]int{"a": 1}
	var wg sync.WaitGroup
	wg.Go(func() {
		hits["b"] = 2
	})
	wg.Go(func() {
		if hits["a"] != 1 {
			t.Error("a is lost")
		}
	})
	wg.Wait()
}
