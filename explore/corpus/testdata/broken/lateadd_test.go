package broken

import (
	"sync"
	"testing"
)

// Each runner adds itself to the group: Wait may come first.

type runners struct {
	wg      sync.WaitGroup
	results chan int
}

func (r *runners) run(i int) {
	r.wg.Add(1)
	defer r.wg.Done()
	r.results <- i
}

// want fail, panic
func TestLateAdd(t *testing.T) {
	r := &runners{results: make(chan int, 3)}
	for i := range 3 {
		go r.run(i)
	}
	r.wg.Wait()
	if n := len(r.results); n != 3 {
		t.Errorf("%d results after Wait, want 3", n)
	}
}
