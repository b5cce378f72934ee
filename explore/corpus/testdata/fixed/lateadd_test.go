package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/lateadd: a runner is added before it starts.

type runners struct {
	wg      sync.WaitGroup
	results chan int
}

func (r *runners) run(i int) {
	defer r.wg.Done()
	r.results <- i
}

func TestLateAdd(t *testing.T) {
	r := &runners{results: make(chan int, 3)}
	for i := range 3 {
		r.wg.Add(1)
		go r.run(i)
	}
	r.wg.Wait()
	if n := len(r.results); n != 3 {
		t.Errorf("%d results after Wait, want 3", n)
	}
}
