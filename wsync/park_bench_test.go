package wsync

import (
	"testing"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// BenchmarkParkReady is what two coroutines that wake each other cost without
// any channel: the floor of BenchmarkChanRoundTrip.
func BenchmarkParkReady(b *testing.B) {
	benchIn(b, coroutine, func() {
		var other *sched.Waiter
		var tickets [2]sched.Ticket
		me := sched.Self()
		tickets[0] = me.Begin()
		coroutine(func() {
			other = sched.Self()
			for range b.N {
				tickets[1] = other.Begin()
				me.Ready(tickets[0], 0)
				other.Park(tickets[1], trace.WaitUser, nil)
			}
			me.Ready(tickets[0], 0)
		})
		for i := range b.N + 1 {
			if i > 0 {
				tickets[0] = me.Begin()
				other.Ready(tickets[1], 0)
			}
			me.Park(tickets[0], trace.WaitUser, nil)
		}
	})
}

func BenchmarkYieldTwo(b *testing.B) {
	benchIn(b, coroutine, func() {
		coroutine(func() {
			for range b.N {
				sched.Yield()
			}
		})
		for range b.N {
			sched.Yield()
		}
	})
}
