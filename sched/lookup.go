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

// CanSpin reports whether somebody else can make progress while the caller
// waits actively.
func CanSpin() bool {
	st := self()
	return gomaxprocs > 1 && (st == nil || st.m.sched.Procs() > 1)
}

// gomaxprocs is what it was when the program began: to ask takes a lock.
var gomaxprocs = runtime.GOMAXPROCS(0)

// Time turns a moment on the runtime's clock into wall time.
func (s *Sched) Time(ns int64) time.Time { return s.start.Add(time.Duration(ns)) }
