package sched

import (
	"math/rand/v2"
	"runtime"
	"time"
)

// FindG returns the coroutine that is on the goroutine whose ident.Self is
// self, nil if there is none: for reports. Unless the caller knows that it can't
// run, it may be another by now.
//
//go:norace
func FindG(self uintptr) *G {
	if st := (*stk)(here.Find(self)); st != nil && !st.g0 {
		return st.g
	}
	return nil
}

// Rests reports whether the coroutine on the goroutine with that ident.Self does
// not run at the moment, as far as one can see from outside: a hint.
//
//go:norace
func Rests(self uintptr) bool {
	st := (*stk)(here.Peek(self))
	if st == nil || st.g0 {
		return false
	}
	gp := st.g // it may be another's by now
	return gp != nil && (gp.Status() == Grunnable || gp.Status() == Gwaiting)
}

// Cheaprand returns a random number: the calling coroutine's runtime's own
// under a seed, else the Go runtime's.
func Cheaprand() uint32 {
	if st := self(); st != nil && st.m.sched.chooser != nil {
		return uint32(st.m.p.rng.Uint64() >> 32) // one P, one thread
	}
	return rand.Uint32()
}

// Unwinding reports whether the caller is a coroutine of a runtime that is
// ending, so that its parks end it.
func Unwinding() bool {
	st := self()
	return st != nil && st.m.sched.stopping.Load()
}

// Unwinding is the package's, for w's owner.
func (w *Waiter) Unwinding() bool { return w.g != nil && w.g.sched.stopping.Load() }

// CanSpin reports whether somebody else can make progress while w's owner waits
// actively.
func (w *Waiter) CanSpin() bool {
	return gomaxprocs > 1 && (w.g == nil || w.g.sched.Procs() > 1)
}

// gomaxprocs is what it was when the program began: to ask takes a lock.
var gomaxprocs = runtime.GOMAXPROCS(0)

// Time turns a moment on the runtime's clock into wall time.
func (s *Sched) Time(ns int64) time.Time { return s.start.Add(time.Duration(ns)) }
