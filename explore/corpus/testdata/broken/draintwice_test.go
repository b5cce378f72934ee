package broken

import (
	"testing"
	"time"
)

// The timer is drained after Stop, though its value may have been received before.

// want deadlock
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
	if !timer.Stop() {
		<-timer.C
	}
}
