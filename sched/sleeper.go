package sched

import (
	"time"
)

// sleeper is where the last idle M sleeps while the runtime has no poller yet.
// A wake-up that comes before the sleep is kept.
type sleeper struct{ note chan struct{} }

func (sl *sleeper) init() { sl.note = make(chan struct{}, 1) }

func (sl *sleeper) wake() {
	select {
	case sl.note <- struct{}{}:
	default:
	}
}

// sleep blocks for delay nanoseconds, without limit if delay is negative.
func (sl *sleeper) sleep(delay int64) {
	if delay < 0 {
		<-sl.note
		return
	}
	t := time.NewTimer(time.Duration(delay))
	defer t.Stop()
	select {
	case <-sl.note:
	case <-t.C:
	}
}
