package fixed

import (
	"testing"
	"time"
)

// The twin of broken/draintwice: since Go 1.23 nothing is left to drain.

func TestDrainTwice(t *testing.T) {
	event := make(chan int)
	go func() {
		time.Sleep(5 * time.Millisecond)
		event <- 1
	}()
	timer := time.NewTimer(5 * time.Millisecond)
	select {
	case <-event:
	case <-timer.C:
		t.Log("no event in time")
		<-event
	}
	timer.Stop()
}
