package racy

import (
	"sync"
	"testing"
)

// The buffer is changed after it has been handed over, while the receiver reads it.

func TestHandedOver(t *testing.T) {
	full, empty := make(chan []byte, 1), make(chan []byte, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := []byte("hello")
		full <- buf
		buf[0] = 0
		<-empty
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
