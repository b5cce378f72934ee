package racy

import (
	"sync"
	"testing"
)

// Whoever comes first makes the table, and nothing orders who that is.

type lazy struct {
	table map[int]int
}

func (l *lazy) get() map[int]int {
	if l.table == nil {
		l.table = map[int]int{1: 1}
	}
	return l.table
}

func TestLazyInit(t *testing.T) {
	l := &lazy{}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if l.get()[1] != 1 {
				t.Error("no table")
			}
		})
	}
	wg.Wait()
}
