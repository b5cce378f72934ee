package exact

import (
	"hash/maphash"
	"math/rand"
	randv2 "math/rand/v2"
	"sync"
	"testing"
)

func TestRandom(t *testing.T) {
	var d diary
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			d.note(i, rand.Intn(1000), randv2.IntN(1000), maphash.String(maphash.MakeSeed(), "weft")%1000)
		})
	}
	wg.Wait()
	d.tell(t)
}
