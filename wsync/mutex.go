package wsync

import (
	"sync/atomic"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// A Mutex is one word and a queue under a lock of its own.
//
//	word = ident.Self() of the holder | woken | waiters | locked
//
// The holder costs nothing extra: its identity (1 ns to read) is what the
// uncontended CAS writes. An address of a g is a multiple of eight.
//
//   - locked: somebody holds the mutex, and only it (or whom it lets) unlocks.
//   - waiters: the queue is not empty. Set and cleared under q.mu.
//   - woken: one waiter has been taken out of the queue and told to try again,
//     and has not yet had its try; unlockers need not wake another.
//
// Who unlocks with waiters about gives the mutex to nobody in particular: it
// wakes the first waiter, and whoever comes first takes it, so that a running
// coroutine can lock again without a switch. A waiter that has lost that race
// once goes back to the head of the queue, and the next unlock hands it the
// mutex, which is not free in between. So does the first unlock, if the waiter
// had found the holder at rest (maxLosses). So nobody is overtaken for ever. (Package
// sync waits a millisecond for that; counting needs no clock, and is the same
// under a virtual one.)
//
// No wake-up is lost. A waiter queues itself under q.mu after a CAS, also under
// q.mu, from a word with locked set to one with waiters set. An unlock that comes
// before that CAS makes it fail, and one that comes after it sees waiters and goes
// through q.mu. An unlock that wakes nobody because woken is set relies on the
// woken one, which clears the bit in one of two ways: by taking the mutex, which
// it unlocks one day, or by a CAS from a word with locked set, in which case that
// holder's unlock comes after it.

const (
	mutexLocked = 1 << iota
	mutexWaiters
	mutexWoken
	mutexFlags = mutexLocked | mutexWaiters | mutexWoken
)

// maxLosses is how often a waiter is woken in vain before it is handed the
// mutex. With 0, always handing over, four contenders with short critical
// sections on two Ps took ten times as long: each of them then parks each time.
// But of a holder that gives up its P while it holds the mutex nobody can say
// that it will soon be back for another short section: who finds it at rest is
// handed the mutex at once, which saves the switch to a woken one that loses.
const maxLosses = 1

// A Mutex is a mutual exclusion lock; see [sync.Mutex]. The zero value is
// unlocked. Unlock of an unlocked Mutex is a panic.
type Mutex struct {
	word atomic.Uintptr
	q    lockQueue
}

type lockQueue struct {
	mu sched.Lock
	queue[lockInfo]
}

// Lock takes m and waits until it can.
func (m *Mutex) Lock() {
	if !m.word.CompareAndSwap(0, ident.Self()|mutexLocked) {
		m.lockSlow(trace.WaitMutexLock, m)
	}
}

// TryLock takes m if it is free and reports whether it did. It does not park.
func (m *Mutex) TryLock() bool {
	s := m.word.Load()
	return s&mutexLocked == 0 &&
		m.word.CompareAndSwap(s, s|ident.Self()|mutexLocked)
}

// Unlock releases m. Any coroutine or goroutine may do so. It does not park.
func (m *Mutex) Unlock() {
	s := m.word.Load()
	if s&mutexFlags != mutexLocked || !m.word.CompareAndSwap(s, 0) {
		m.unlockSlow()
	}
}

// Holder returns the coroutine that holds m; nil when it is free or held by an
// ordinary goroutine. It is for reports that are made while the holder can't run.
func (m *Mutex) Holder() *sched.G { return holder(m.heldBy()) }

// HeldBy names the holder for reports, as "g7 main.worker"; "" when m is free.
func (m *Mutex) HeldBy() string { return holderName(m.heldBy()) }

// heldBy returns ident.Self() of the holder, or 0.
func (m *Mutex) heldBy() uintptr {
	if s := m.word.Load(); s&mutexLocked != 0 {
		return s &^ mutexFlags
	}
	return 0
}

func (m *Mutex) lockSlow(why trace.Reason, obj lock) {
	self := ident.Self()
	w := sched.Self()
	if m.spin(w, self) || w.Unwinding() && tryUnwinding(m.TryLock) {
		w.Release()
		return
	}
	sd := acquireLockWait(w)
	sd.val.self = self
	sd.val.losses = 0
	sd.val.patience = maxLosses
	if !w.CanSpin() || sched.Rests(m.heldBy()) {
		sd.val.patience = 0
	}
	unwinding := true // until Park has returned for the last time
	defer func() {
		if unwinding {
			m.abandon(sd)
		}
	}()
	for m.enqueue(sd) {
		enterWait(sd, obj)
		next, yield := w.Depart(sd.t, why, obj) // Park, a function less
		if next != nil {
			next()
		} else if yield != nil {
			yield(struct{}{})
		}
		out := w.Return(next != nil || yield != nil)
		leaveWait(sd)
		if out == granted || m.takeWoken(self) {
			break
		}
		sd.val.losses++
		sd.t = w.Begin()
	}
	unwinding = false
	sd.release()
}

// abandon gives back what a waiter has got that was unwound in Park.
func (m *Mutex) abandon(sd *lockWait) {
	leaveWait(sd)
	switch sd.endWait() {
	case granted:
		m.Unlock()
	case retry: // pass the wake-up on
		for {
			s := m.word.Load()
			if s&mutexLocked == 0 {
				if m.takeWoken(sd.val.self) {
					m.Unlock()
					return
				}
			} else if m.word.CompareAndSwap(s, s&^mutexWoken) {
				return // its unlock wakes the next
			}
		}
	}
}

// spin tries for a moment to get a mutex that nobody waits for: its holder may
// be about to unlock it on another thread.
func (m *Mutex) spin(w *sched.Waiter, self uintptr) bool {
	if m.word.Load()&(mutexWaiters|mutexWoken) != 0 || !w.CanSpin() {
		return false
	}
	for range 100 {
		switch s := m.word.Load(); {
		case s == 0:
			if m.word.CompareAndSwap(0, self|mutexLocked) {
				return true
			}
		case s&mutexFlags != mutexLocked:
			return false
		}
	}
	return false
}

// takeWoken is the try of a waiter that has been woken.
func (m *Mutex) takeWoken(self uintptr) bool {
	for {
		s := m.word.Load()
		if s&mutexLocked != 0 {
			return false
		}
		if m.word.CompareAndSwap(s, s&^mutexWoken|self|mutexLocked) {
			return true
		}
	}
}

// enqueue queues sd and returns true, or takes the mutex and returns false. A
// waiter that comes back ends its woken state with that.
func (m *Mutex) enqueue(sd *lockWait) bool {
	back := sd.val.losses > 0
	m.q.mu.Lock()
	for {
		s := m.word.Load()
		next := s | mutexWaiters
		if s&mutexLocked == 0 {
			next = s | sd.val.self | mutexLocked
		}
		if back {
			next &^= mutexWoken
		}
		if !m.word.CompareAndSwap(s, next) {
			continue
		}
		if s&mutexLocked == 0 {
			m.q.mu.Unlock()
			return false
		}
		break
	}
	if back {
		m.q.pushFront(sd)
	} else {
		m.q.push(sd)
	}
	m.q.mu.Unlock()
	return true
}

func (m *Mutex) unlockSlow() {
	for {
		s := m.word.Load()
		if s&mutexLocked == 0 {
			faultUnlessUnwinding("sync: unlock of unlocked mutex")
			return
		}
		if s&mutexWaiters != 0 && s&mutexWoken == 0 {
			m.unlockWaiters()
			return
		}
		if m.word.CompareAndSwap(s, s&(mutexWaiters|mutexWoken)) {
			return
		}
	}
}

// unlockWaiters unlocks a mutex that has waiters, none of them woken. In that
// state nobody else changes the word, except under q.mu.
func (m *Mutex) unlockWaiters() {
	m.q.mu.Lock()
	sd := m.q.pop()
	for sd != nil && sd.val.losses >= sd.val.patience {
		m.word.Store(sd.val.self | mutexLocked | m.waitersLocked())
		sd.outcome = granted
		if sd.ready() {
			m.q.mu.Unlock()
			return
		}
		sd = m.q.pop()
	}
	if sd == nil {
		m.word.Store(0)
		m.q.mu.Unlock()
		return
	}
	m.word.Store(mutexWoken | m.waitersLocked())
	w, t := sd.w, sd.t
	m.q.mu.Unlock()
	for !w.Ready(t, retry) {
		if w, t = m.nextWaiter(); w == nil {
			return
		}
	}
}

// nextWaiter takes a waiter out of the queue to be woken in place of one that
// was gone, or clears woken if there is none.
func (m *Mutex) nextWaiter() (*sched.Waiter, sched.Ticket) {
	m.q.mu.Lock()
	defer m.q.mu.Unlock()
	sd := m.q.pop()
	if sd == nil {
		m.word.And(^uintptr(mutexWoken | mutexWaiters))
		return nil, 0
	}
	if m.q.empty() {
		m.word.And(^uintptr(mutexWaiters))
	}
	return sd.w, sd.t
}

// waitersLocked is the waiters bit as the queue has it.
func (m *Mutex) waitersLocked() uintptr {
	if m.q.empty() {
		return 0
	}
	return mutexWaiters
}
