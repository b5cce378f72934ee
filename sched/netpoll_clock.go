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

// When returns t on Now's scale, for SetDeadline: at least 1, which is past.
func (s *Sched) When(t time.Time) int64 {
	if t == t.Round(0) && s.virtual == nil { // wall time only, and the wall clock may have been set since
		left := time.Until(t) // before Now: a thread that stands still in between is late then, not early
		return max(s.Now()+int64(left), 1)
	}
	return max(int64(t.Sub(s.start)), 1)
}
