package broken

import (
	"testing"
	"time"
)

// Stop does not close the ticker's channel: whoever ranges over it stays.

// want leak
func TestStoppedTicker(t *testing.T) {
	tick := time.NewTicker(time.Millisecond)
	beats := make(chan int, 100)
	go func() {
		for range tick.C {
			select {
			case beats <- 1:
			default:
			}
		}
	}()
	<-beats
	tick.Stop()
}
