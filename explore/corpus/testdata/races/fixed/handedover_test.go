package fixed

import (
	"sync"
	"testing"
)

// The twin of racy/handedover: it is changed when the receiver has handed it back.

func TestHandedOver(t *testing.T) {
	full, empty := make(chan []byte, 1), make(chan []byte, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := []byte("hello")
		full <- buf
		buf = <-empty
		buf[0] = 0
	})
	wg.Go(func() {
		buf := <-full
		if len(buf) > 0 && buf[0] > 'z' {
			t.Error(buf)
		}
		empty <- buf
	})
	wg.Wait()
}
