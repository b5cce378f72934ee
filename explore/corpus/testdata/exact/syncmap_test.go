package exact

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestSyncMap(t *testing.T) {
	var d diary
	var m sync.Map
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if _, loaded := m.LoadOrStore("first", i); !loaded {
				won.Store(int32(i))
			}
			m.Store(i, won.Load())
			m.Range(func(k, v any) bool {
				d.note(k, ":", v)
				return true
			})
		})
	}
	wg.Wait()
	d.tell(t)
}
