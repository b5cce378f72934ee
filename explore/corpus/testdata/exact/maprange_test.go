package exact

import (
	"sync"
	"testing"
)

func TestMapRange(t *testing.T) {
	var d diary
	var wg sync.WaitGroup
	for part := range 3 {
		wg.Go(func() {
			ages := make(map[string]int)
			for _, name := range []string{"ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ida", "jan"} {
				ages[name] = len(ages)
			}
			for name := range ages {
				d.note(part, name)
			}
		})
	}
	wg.Wait()
	d.tell(t)
}
