package wsync

import (
	"sync"
	"sync/atomic"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// An RWMutex is one word and two queues under a lock.
//
//	word = ident.Self() of the writer | queued | writer
//	     = number of readers << 3     | queued
//
// queued says that somebody is in a queue. It is set and cleared under q, and
// while it is set nobody gets in by a CAS: the mutex is only handed over, under q.
// So a writer that waits keeps new readers out, and is not overtaken.
//
// When a writer unlocks, all readers that wait get in at once; when the last
// reader leaves, the first writer does. So neither kind starves the other.
//
// No wake-up is lost: a waiter queues itself in the critical section in which it
// sets queued by a CAS from a word that keeps it out. The unlock that changes
// that word comes either before the CAS, which then fails, or after it, and then
// sees queued and goes through q.

const (
	rwWriter = 1 << iota
	rwQueued
	_
	rwReader // one reader
	rwFlags  = rwReader - 1
)

// A RWMutex is held by any number of readers or by one writer; see
// [sync.RWMutex]. The zero value is unlocked. A misuse that package sync makes
// fatal is a panic.
type RWMutex struct {
	word atomic.Uintptr

	q       sched.Lock // guards what follows
	readers queue[lockInfo]
	writers queue[lockInfo]
}

// Lock takes rw for writing and waits until it can.
func (rw *RWMutex) Lock() {
	if self := ident.Self(); !rw.word.CompareAndSwap(0, self|rwWriter) {
		rw.wait(self, true)
	}
}

// TryLock takes rw for writing if it is free and reports whether it did. It
// does not park.
func (rw *RWMutex) TryLock() bool {
	return rw.word.CompareAndSwap(0, ident.Self()|rwWriter)
}

// Unlock ends writing. It does not park.
func (rw *RWMutex) Unlock() {
	s := rw.word.Load()
	if s&rwWriter == 0 {
		faultUnlessUnwinding("sync: Unlock of unlocked RWMutex")
		return
	}
	if s&rwQueued == 0 && rw.word.CompareAndSwap(s, 0) {
		return
	}
	rw.q.Lock()
	rw.word.Store(rwQueued) // free, but nobody gets in except by grantLocked
	rw.grantLocked(true)
	rw.q.Unlock()
}

// RLock takes rw for reading and waits until it can. A reader must not take it
// again: a writer that waits in between would keep both out.
func (rw *RWMutex) RLock() {
	if !rw.TryRLock() {
		rw.wait(ident.Self(), false)
	}
}

// TryRLock takes rw for reading if no writer holds it or waits for it, and
// reports whether it did. It does not park.
func (rw *RWMutex) TryRLock() bool {
	for {
		s := rw.word.Load()
		if s&(rwWriter|rwQueued) != 0 {
			return false
		}
		if rw.word.CompareAndSwap(s, s+rwReader) {
			return true
		}
	}
}

// RUnlock ends one reading. It does not park.
func (rw *RWMutex) RUnlock() {
	for {
		s := rw.word.Load()
		if s&rwWriter != 0 || s < rwReader {
			faultUnlessUnwinding("sync: RUnlock of unlocked RWMutex")
			return
		}
		if !rw.word.CompareAndSwap(s, s-rwReader) {
			continue
		}
		if s-rwReader == rwQueued { // it was the last reader
			rw.q.Lock()
			rw.grantLocked(false)
			rw.q.Unlock()
		}
		return
	}
}

// RLocker returns a Locker whose Lock and Unlock are RLock and RUnlock of rw.
func (rw *RWMutex) RLocker() sync.Locker { return (*rlocker)(rw) }

type rlocker RWMutex

func (r *rlocker) Lock()   { (*RWMutex)(r).RLock() }
func (r *rlocker) Unlock() { (*RWMutex)(r).RUnlock() }

// Holder returns the coroutine that writes; nil when none does or an ordinary
// goroutine does. It is for reports that are made while the writer can't run.
func (rw *RWMutex) Holder() *sched.G { return holder(rw.heldBy()) }

// HeldBy names the writer for reports; "" when there is none.
func (rw *RWMutex) HeldBy() string { return holderName(rw.heldBy()) }

// heldBy returns ident.Self() of the writer, or 0.
func (rw *RWMutex) heldBy() uintptr {
	if s := rw.word.Load(); s&rwWriter != 0 {
		return s &^ rwFlags
	}
	return 0
}

// wait takes rw, through the queue unless it has just become free.
func (rw *RWMutex) wait(self uintptr, write bool) {
	try := rw.TryRLock
	if write {
		try = rw.TryLock
	}
	if sched.Unwinding() && tryUnwinding(try) {
		return
	}
	w := sched.Self()
	rw.q.Lock()
	for {
		s := rw.word.Load()
		next, free := s|rwQueued, false
		switch {
		case write && s == 0:
			next, free = self|rwWriter, true
		case !write && s&(rwWriter|rwQueued) == 0:
			next, free = s+rwReader, true
		}
		if !rw.word.CompareAndSwap(s, next) {
			continue
		}
		if free {
			rw.q.Unlock()
			w.Release()
			return
		}
		break
	}
	sd := acquireLockWait(w)
	sd.val.self = self
	why := trace.WaitRWMutexRLock
	if write {
		why = trace.WaitRWMutexLock
		rw.writers.push(sd)
	} else {
		rw.readers.push(sd)
	}
	rw.q.Unlock()
	enterWait(sd, rw)
	unwinding := true // until Park has returned
	defer func() {
		if unwinding {
			rw.abandon(sd, write)
		}
	}()
	w.Park(sd.t, why, rw)
	unwinding = false
	leaveWait(sd)
	sd.release()
}

// abandon gives back what a waiter has got that was unwound in Park.
func (rw *RWMutex) abandon(sd *lockWait, write bool) {
	leaveWait(sd)
	switch out := sd.endWait(); {
	case out == granted && write:
		rw.Unlock()
	case out == granted:
		rw.RUnlock()
	}
}

// grantLocked hands a free mutex to waiters: to all the readers, if they come
// first or no writer waits, else to the first writer. The word is rwQueued, plus
// readers that have been let in; if it isn't, somebody else has granted already.
func (rw *RWMutex) grantLocked(readersFirst bool) {
	for rw.word.Load() == rwQueued {
		if rw.readers.empty() && rw.writers.empty() {
			rw.word.Store(0)
			return
		}
		if !rw.readers.empty() && (readersFirst || rw.writers.empty()) {
			rw.grantReadersLocked()
			readersFirst = false
			continue
		}
		sd := rw.writers.pop()
		rw.word.Store(sd.val.self | rwWriter | rw.queuedLocked())
		if sd.ready() {
			return
		}
		rw.word.Store(rwQueued)
	}
}

// grantReadersLocked lets all waiting readers in. They are counted before the
// first is woken, and those that are gone leave again.
func (rw *RWMutex) grantReadersLocked() {
	q := rw.readers
	rw.readers = queue[lockInfo]{}
	n := uintptr(0)
	for sd := q.first; sd != nil; sd = sd.next {
		n++
	}
	rw.word.Store(n*rwReader | rwQueued)
	for sd := q.first; sd != nil; {
		next := sd.next // after Ready the node is its owner's
		if !sd.ready() {
			rw.word.Add(^uintptr(rwReader) + 1)
		}
		sd = next
	}
	if rw.writers.empty() {
		rw.word.And(^uintptr(rwQueued))
	}
}

func (rw *RWMutex) queuedLocked() uintptr {
	if rw.readers.empty() && rw.writers.empty() {
		return 0
	}
	return rwQueued
}
