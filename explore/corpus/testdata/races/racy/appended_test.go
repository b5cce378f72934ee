package racy

import (
	"sync"
	"testing"
)

// Each worker appends its result to one slice.

func TestAppended(t *testing.T) {
	var squares []int
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { squares = append(squares, i*i) })
	}
	wg.Wait()
	if len(squares) > 3 {
		t.Error(squares)
	}
}
