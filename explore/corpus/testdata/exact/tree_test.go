package exact

import (
	"sync"
	"testing"
)

func TestTree(t *testing.T) {
	var d diary
	var grow func(depth, number int)
	grow = func(depth, number int) {
		d.note(number)
		if depth == 0 {
			return
		}
		var wg sync.WaitGroup
		wg.Go(func() { grow(depth-1, 2*number) })
		wg.Go(func() { grow(depth-1, 2*number+1) })
		wg.Wait()
		d.note("-", number)
	}
	grow(3, 1)
	d.tell(t)
}
