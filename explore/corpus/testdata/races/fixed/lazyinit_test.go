package fixed

import (
	"sync"
	"testing"
)

// The twin of racy/lazyinit: a Once orders it.

type lazy struct {
	once  sync.Once
	table map[int]int
}

func (l *lazy) get() map[int]int {
	l.once.Do(func() { l.table = map[int]int{1: 1} })
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
