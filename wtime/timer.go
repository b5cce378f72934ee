package wtime

import (
	"time"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/wsync"
)

// A Timer or Ticker is a sched.Timer that puts the time into a channel with room
// for one. The sched.Timer runs its function on g0, after it has let go of its
// own lock, so one that is about to put may be overtaken by Stop or Reset. What
// is stale is told by a number: each Reset and Stop counts gen on, the function
// is called with the gen at which it was armed, and puts nothing if that is over.
// Stop and Reset also take out what has been put and not been received. mu makes
// each of these one step. So after Stop or Reset nothing stale is ever received,
// as in package time since Go 1.23.

// alarm is what a Timer with a channel and a Ticker have in common.
type alarm struct {
	s *sched.Sched
	c *wsync.Chan[time.Time]
	t sched.Timer // F is ring

	mu    sched.Lock // guards what follows
	gen   uint64
	armed bool // set, and not stopped since
	put   bool // the time has been put since it was armed
}

func newAlarm() *alarm {
	a := &alarm{s: sched.Current(), c: wsync.NewChan[time.Time](1)}
	a.t.F, a.t.Arg = ring, a
	return a
}

// ring runs on g0 when the time has come. If nobody has taken the last tick,
// this one is dropped.
func ring(arg any, gen uint64) {
	a := arg.(*alarm)
	a.mu.Lock()
	if a.gen == gen {
		a.put = true
		a.c.TrySend(now(a.s))
	}
	a.mu.Unlock()
}

// set arms a for d from now, and then every period if that is positive. It
// reports whether a was armed with its time still to be received.
func (a *alarm) set(d, period time.Duration) bool {
	a.mu.Lock()
	was := a.disarmLocked()
	a.armed, a.put = true, false
	a.t.Seq = a.gen
	a.t.Reset(a.s, when(a.s, d), int64(period))
	a.mu.Unlock()
	return was
}

func (a *alarm) stop() bool {
	a.mu.Lock()
	was := a.disarmLocked()
	a.mu.Unlock()
	return was
}

func (a *alarm) disarmLocked() bool {
	a.t.Stop()
	a.gen++
	_, taken, _ := a.c.TryRecv()
	was := a.armed && (!a.put || taken)
	a.armed = false
	return was
}

// A Timer is one event to come; see [time.Timer]. Make it with [NewTimer] or
// [AfterFunc].
type Timer struct {
	// C gets the time when the Timer fires; nil for AfterFunc. Unlike a
	// time.Timer's, its Len is 1 while the time waits to be received.
	C *wsync.Chan[time.Time]

	alarm *alarm       // with C
	fn    *sched.Timer // AfterFunc
	s     *sched.Sched
}

// NewTimer returns a Timer that puts the time into its C after d. It does not
// park. Its runtime keeps it until it has fired or is stopped.
func NewTimer(d time.Duration) *Timer {
	a := newAlarm()
	a.set(d, 0)
	return &Timer{C: a.c, alarm: a, s: a.s}
}

// AfterFunc calls f in a coroutine of its own after d. It does not park.
//
//go:noinline
func AfterFunc(d time.Duration, f func()) *Timer {
	if f == nil {
		panic("wtime: AfterFunc of a nil function")
	}
	s, pc := sched.Current(), ident.CallerPC()
	t := &Timer{s: s, fn: &sched.Timer{
		F: func(any, uint64) { s.Newproc(f, pc) },
	}}
	t.fn.Reset(s, when(s, d), 0)
	return t
}

// Stop keeps t from firing, and reports whether it did: false means that it has
// been stopped or has fired already, and that its time has been received or its
// function started. After Stop nothing is received from C. It does not park.
func (t *Timer) Stop() bool {
	switch {
	case t.alarm != nil:
		return t.alarm.stop()
	case t.fn != nil:
		return t.fn.Stop()
	}
	panic("time: Stop called on uninitialized Timer")
}

// Reset makes t fire after d, whatever it was set to before, and reports what
// Stop would. A time from before is not received afterwards. It does not park.
func (t *Timer) Reset(d time.Duration) bool {
	switch {
	case t.alarm != nil:
		return t.alarm.set(d, 0)
	case t.fn != nil:
		return t.fn.Reset(t.s, when(t.s, d), 0)
	}
	panic("time: Reset called on uninitialized Timer")
}
