package exact

import (
	"sync"
	"testing"
)

func TestPool(t *testing.T) {
	var d diary
	made := 0
	var mu sync.Mutex
	pool := sync.Pool{New: func() any {
		mu.Lock()
		defer mu.Unlock()
		made++
		return made
	}}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			for range 3 {
				v := pool.Get()
				d.note(i, "has", v)
				pool.Put(v)
			}
		})
	}
	wg.Wait()
	d.tell(t)
}
