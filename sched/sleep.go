package sched

import (
	"time"

	"github.com/weftgo/weft/trace"
)

// Sleep parks the calling coroutine for at least d; d <= 0 yields. In an
// ordinary goroutine it is time.Sleep.
func Sleep(d time.Duration) {
	gp := Getg()
	if gp == nil {
		time.Sleep(d)
		return
	}
	if d <= 0 {
		Yield()
		return
	}
	t := gp.stk.sleep
	if t == nil {
		t = &sleepTimer{Timer: Timer{F: wakeSleeper}}
		gp.stk.sleep = t
	}
	t.Arg = gp // the stack's last G was another
	ticket := gp.Begin()
	t.Seq, t.d = uint64(ticket), d
	t.Reset(gp.sched, gp.sched.Now()+int64(d), 0)
	gp.Park(ticket, trace.WaitSleep, t)
}

// sleepTimer is what a sleeping coroutine is parked on.
type sleepTimer struct {
	Timer
	d time.Duration
}

func wakeSleeper(arg any, ticket uint64) { arg.(*G).Ready(Ticket(ticket), 0) }
