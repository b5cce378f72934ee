package fixed

import (
	"testing"
	"time"
)

// The twin of broken/stoppedticker: the loop hears of the end by a channel of its own.

func TestStoppedTicker(t *testing.T) {
	tick := time.NewTicker(time.Millisecond)
	beats := make(chan int, 100)
	quit := make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
				select {
				case beats <- 1:
				default:
				}
			case <-quit:
				return
			}
		}
	}()
	<-beats
	tick.Stop()
	close(quit)
}
