package wsync

import "github.com/weftgo/weft/sched"

// lockWait is a sudog as the locks use it.
type lockWait = sudog[lockInfo]

// lockInfo is what a lock wants to know of a waiter.
type lockInfo struct {
	n      int64   // Semaphore: how much it asks for
	self   uintptr // Mutex, RWMutex: ident.Self() of who waits
	losses int     // Mutex: how often it was woken and found the lock taken

	relock bool // Mutex, RWMutex: it held the lock before it queued for it

	// Owned by the bucket of the table of waiting that self hashes to.
	lock       lock // what it waits for
	next, prev *lockWait
	listed     bool
	reported   bool // it is in a cycle that has been reported
}

// acquireLockWait returns a node for a wait of w that begins now.
func acquireLockWait(w *sched.Waiter) *lockWait {
	c := cacheOf(w)
	if c.lock.busy {
		c = new(cache) // see sudog: the coroutine was unwound
		w.Cache = c
	}
	sd := &c.lock
	sd.w = w
	sd.busy = true
	sd.t = w.Begin()
	sd.outcome = granted
	return sd
}

func releaseLockWait(sd *lockWait) {
	sd.busy = false
	sd.w.Release()
}

// endWait tells how the wait of an owner that is being unwound has ended, and
// ends it if nobody else has. A waker may have chosen this waiter just before:
// then the owner has got what it will not use, and must pass it on.
func endWait(sd *lockWait) int {
	if sd.w.Ready(sd.t, unwound) {
		return unwound
	}
	return sd.w.Park(sd.t, 0, nil) // returns at once
}

// readyAll wakes the waiters of a queue that the caller has detached from its
// primitive. Nobody else removes them: such a wait has no time limit, and the
// node of an unwound coroutine is not used again.
func readyAll(q queue[lockInfo]) {
	for sd := q.first; sd != nil; {
		next := sd.next // after Ready the node is its owner's
		sd.w.Ready(sd.t, sd.outcome)
		sd = next
	}
}
