package wsync

import (
	"runtime"

	"github.com/weftgo/weft/sched"
)

// lockWait is a sudog as Mutex and RWMutex use it.
type lockWait = sudog[lockInfo]

// lockInfo is what a lock wants to know of a waiter.
type lockInfo struct {
	self     uintptr // ident.Self() of who waits
	losses   int16   // Mutex: how often it was woken and found the lock taken,
	patience int16   // and how often it puts up with that

	// Owned by the bucket of the table waiting that self hashes to.
	reported   bool // it is in a cycle that has been reported
	lock       lock // what it waits for
	next, prev *lockWait
}

// acquireLockWait returns a node for a wait of w that begins now.
func acquireLockWait(w *sched.Waiter) *lockWait {
	c := cacheOf(w)
	sd := c.lock
	if sd == nil || sd.busy { // busy: the coroutine is being unwound
		sd = new(lockWait)
		c.lock = sd
	}
	sd.begin(w, granted)
	return sd
}

// tryUnwinding takes a lock for a deferred call of a coroutine that is being
// unwound, as the caller is. Such a call can't park, but the holder may be about to unlock on
// another thread; and clean-up that is only delayed should not be skipped.
func tryUnwinding(try func() bool) bool {
	for range 30 {
		if try() {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// faultUnlessUnwinding panics. A deferred unlock after a wait that was unwound
// (a Cond's, which then could not lock again) is no fault of the program.
func faultUnlessUnwinding(text string) {
	if !sched.Unwinding() {
		panic(Error(text))
	}
}
