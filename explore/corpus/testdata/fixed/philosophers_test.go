package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/philosophers: the last one takes the right fork first, so no cycle can form.

func TestPhilosophers(t *testing.T) {
	const n = 3
	var forks [n]sync.Mutex
	var meals [n]int
	var wg sync.WaitGroup
	for i := range n {
		left, right := i, (i+1)%n
		if i == n-1 {
			left, right = right, left
		}
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
