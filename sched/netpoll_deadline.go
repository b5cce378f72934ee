package sched

import (
	"sync/atomic"
	"time"
)

// coarse is a clock whose reading costs a load: the exact clock costs more than
// all the rest of SetDeadline. It shows a time that is past by at most half a
// second or so: a native timer moves it on for as long as somebody reads it.
// That is good enough to see that a deadline is far (PollDesc.passed).
type coarse struct {
	now   atomic.Int64 // 0: stopped
	used  atomic.Bool  // since the last tick
	start Lock
}

const (
	coarseTick = 250 * time.Millisecond
	coarseFar  = int64(2 * time.Second) // how late may a tick be?
)

func (c *coarse) read(s *Sched) int64 {
	if !c.used.Load() {
		c.used.Store(true)
	}
	if now := c.now.Load(); now != 0 {
		return now
	}
	c.start.Lock()
	defer c.start.Unlock()
	now := s.Now()
	if c.now.Load() == 0 {
		c.now.Store(now)
		time.AfterFunc(coarseTick, func() { c.tick(s) })
	}
	return now
}

func (c *coarse) tick(s *Sched) {
	if !c.used.Swap(false) {
		c.now.Store(0)
		return
	}
	c.now.Store(max(s.Now(), 1))
	time.AfterFunc(coarseTick, func() { c.tick(s) })
}

// passed reports whether the deadline when is over.
func (s *Sched) passed(when int64) bool {
	if s.virtual == nil && when-s.np.coarse.read(s) > coarseFar {
		return false
	}
	return when <= s.Now()
}

// SetDeadline sets when the calls of a side stop waiting, those in progress
// included, on Now's scale; 0 is never. It may be called from anywhere and does
// not park. Usually it is one store (netpoll.go says why that is enough).
func (pd *PollDesc) SetDeadline(side Side, when int64) {
	sd := &pd.sides[side]
	sd.deadline.Store(when)
	if sd.parked.Load() != 0 {
		pd.deadlineChanged(side)
	}
}

// deadlineChanged brings the timer of a parked call in line.
func (pd *PollDesc) deadlineChanged(side Side) {
	pd.mu.Lock()
	var w *Waiter
	var t Ticket
	if pd.sides[side].w != nil && !pd.armLocked(side) {
		w, t = pd.takeLocked(side)
	}
	pd.mu.Unlock()
	if w != nil {
		w.Ready(t, fdTimeout)
	}
}

// armLocked sees to it that the timer fires no later than the side's waiter
// must be woken. It returns false if that is now.
func (pd *PollDesc) armLocked(side Side) bool {
	sd := &pd.sides[side]
	when := sd.deadline.Load()
	if sd.pause != 0 && (when == 0 || sd.pause < when) {
		when = sd.pause
	}
	if when == 0 || sd.armed != 0 && sd.armed <= when {
		return true // if the timer is due already, its F is on its way to us
	}
	if when <= pd.sched.Now() {
		return false
	}
	if sd.timer == nil {
		sd.timer = &Timer{F: pollTimerFired, Arg: pd, Seq: uint64(side)}
	}
	sd.armed = when
	sd.timer.Reset(pd.sched, when, 0)
	return true
}

// pollTimerFired is the F of the sides' timers. It may be late: the timer can
// have been armed again, or the deadline moved, since it began.
func pollTimerFired(arg any, seq uint64) {
	pd, side := arg.(*PollDesc), Side(seq)
	sd := &pd.sides[side]
	pd.mu.Lock()
	if sd.armed > pd.sched.Now() {
		pd.mu.Unlock()
		return // for an earlier arming; the timer is armed
	}
	sd.armed = 0
	pd.mu.Unlock()
	pd.deadlineChanged(side)
}

// When returns t on Now's scale, for SetDeadline: at least 1, which is past.
func (s *Sched) When(t time.Time) int64 {
	if t == t.Round(0) && s.virtual == nil { // wall time only, and the wall clock may have been set since
		return max(s.Now()+int64(time.Until(t)), 1)
	}
	return max(int64(t.Sub(s.start)), 1)
}
