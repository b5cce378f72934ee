package broken

import (
	"sync"
	"testing"
)

// Three philosophers each take the left fork first.

// want deadlock
func TestPhilosophers(t *testing.T) {
	const n = 3
	var forks [n]sync.Mutex
	var meals [n]int
	var wg sync.WaitGroup
	for i := range n {
		left, right := i, (i+1)%n
		wg.Go(func() {
			for range 2 {
				forks[left].Lock()
				forks[right].Lock()
				meals[i]++
				forks[right].Unlock()
				forks[left].Unlock()
			}
		})
	}
	wg.Wait()
	if meals != [n]int{2, 2, 2} {
		t.Errorf("meals %v, want two each", meals)
	}
}
