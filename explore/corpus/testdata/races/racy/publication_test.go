package racy

import (
	"sync"
	"testing"
)

// A plain flag says that the message is complete.

func TestPublication(t *testing.T) {
	message := ""
	ready := false
	var wg sync.WaitGroup
	wg.Go(func() {
		message = "hello"
		ready = true
	})
	wg.Go(func() {
		if ready && message != "hello" {
			t.Error("half a message")
		}
	})
	wg.Wait()
}
