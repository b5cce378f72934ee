package sched

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Lock guards a few lines of a primitive's state: who waits, what is buffered.
// It may be taken by coroutines, by goroutines and on g0, is held for tens of
// nanoseconds, and never across a park. Its holder can lose its thread to
// Go's own scheduler, so a waiter spins only briefly before it yields to it.
//
// The zero value is unlocked.
type Lock struct{ v atomic.Uint32 }

// Lock takes l. It does not park.
func (l *Lock) Lock() {
	if !l.v.CompareAndSwap(0, 1) {
		l.lockSlow()
	}
}

// TryLock takes l if it is free.
func (l *Lock) TryLock() bool { return l.v.CompareAndSwap(0, 1) }

// Unlock releases l.
func (l *Lock) Unlock() { storeRel32(&l.v, 0) }

func (l *Lock) lockSlow() {
	for i := 0; ; i++ {
		for range 30 {
			if l.v.Load() == 0 && l.v.CompareAndSwap(0, 1) {
				return
			}
		}
		if i < 100 {
			runtime.Gosched()
		} else {
			time.Sleep(20 * time.Microsecond)
		}
	}
}
