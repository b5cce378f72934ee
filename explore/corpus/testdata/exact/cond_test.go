package exact

import (
	"sync"
	"testing"
)

func TestCond(t *testing.T) {
	var d diary
	var mu sync.Mutex
	turn := sync.NewCond(&mu)
	open := 0
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for open == 0 {
				d.note(i, "waits")
				turn.Wait()
			}
			open--
			d.note(i, "goes")
		})
	}
	for range 4 {
		wg.Go(func() {
			mu.Lock()
			open++
			mu.Unlock()
			turn.Signal()
		})
	}
	wg.Wait()
	d.tell(t)
}
