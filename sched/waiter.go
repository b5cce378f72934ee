package sched

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// The one blocking primitive.
//
// Whoever waits for something, a coroutine or an ordinary goroutine, is a
// Waiter. A wait is numbered: Begin gives its Ticket, the waiter is published
// where wakers look (a channel's queue, a timer, a descriptor), then Park
// blocks. Ready(ticket, outcome) ends that wait and no other: the first call
// with the current ticket wins, every later one, and every one with an older
// ticket, returns false and has done nothing. So a timer that fires late, a
// second waker or a deadline of an earlier call needs no cancelling to be
// harmless, and a deadline is just a second waker.
//
//	state = seq<<24 | outcome<<4 | parked
//
//	       Begin             Park, by who goes on, or the goroutine
//	seq ──────────▶ seq ──────────────────────────────▶ seq|parked
//	                 │ Ready: CAS to seq+1                  │ Ready: CAS to seq+1,
//	                 ▼                                      ▼        then run the waiter
//	               seq+1  Park's CAS fails: go on          seq+1
//
// No wake-up is lost: the only move to parked is a CAS from the very state in
// which nobody has called Ready, and Ready's CAS tells from the same word
// whether it must run the waiter. Park's CAS runs after the coroutine has left
// its stack (park0), so whoever sees parked may resume it at once.
//
// A waker that finds a waiter in a queue must take Ready's false as "it has
// gone" (its deadline passed, another case of its select was chosen, or it is
// being unwound) and go on to the next.

const (
	waiterParked  = 1
	waiterStarts  = 2 // the owner is a Starter, and parked
	waiterFlags   = waiterParked | waiterStarts
	outcomeShift  = 4
	outcomeBits   = 20
	outcomeMask   = 1<<outcomeBits - 1
	ticketShift   = outcomeShift + outcomeBits
	waiterSeqOne  = 1 << ticketShift
	waiterSeqMask = ^uint64(waiterSeqOne - 1)
)

// Ticket names one wait of one Waiter.
type Ticket uint64

// Waiter is who waits. A coroutine has one for its life; a goroutine borrows
// one from Self and gives it back with Release.
type Waiter struct {
	state atomic.Uint64
	g     *G // nil: an ordinary goroutine, and this is in a nativeWaiter; &Sched.starters: in a Starter
}

// nativeWaiter is a goroutine's. (A million coroutines do without note.)
type nativeWaiter struct {
	Waiter               // first: see native
	note   chan struct{} // one slot, filled by whoever ends the wait of a parked one
	bell   *poll.Blocker // instead of note, in a blockingCall
	rung   atomic.Bool   // bell was rung
	slot   any
}

func (w *Waiter) native() *nativeWaiter { return (*nativeWaiter)(unsafe.Pointer(w)) }

// wake ends the block of a waiter that was parked.
func (n *nativeWaiter) wake() {
	if n.bell != nil {
		n.bell.Wake()
		n.rung.Store(true)
	} else {
		n.note <- struct{}{}
	}
}

var nativeWaiters = sync.Pool{New: func() any {
	return &nativeWaiter{note: make(chan struct{}, 1)}
}}

// Self returns the Waiter of the calling coroutine, or one for the calling
// goroutine. Call Release when the wait is over.
func Self() *Waiter {
	if gp := Getg(); gp != nil {
		return &gp.Waiter
	}
	return &nativeWaiters.Get().(*nativeWaiter).Waiter
}

// Release gives a goroutine's Waiter back. For a coroutine it does nothing.
func (w *Waiter) Release() {
	if w.g == nil {
		nativeWaiters.Put(w.native())
	}
}

// G returns the coroutine that waits, nil for an ordinary goroutine.
func (w *Waiter) G() *G { return w.g }

// Slot is a free place for the owner, while it runs: wsync keeps its last queue
// nodes there. A coroutine's is its stack's, so there are as many as stacks.
func (w *Waiter) Slot() *any {
	if w.g != nil {
		return &w.g.stk.slot
	}
	return &w.native().slot
}

// Begin returns the ticket of the wait that the owner is about to begin.
func (w *Waiter) Begin() Ticket { return Ticket(w.state.Load() & waiterSeqMask) }

// Pending reports whether the wait t has not been ended yet.
func (w *Waiter) Pending(t Ticket) bool {
	return w.state.Load()&waiterSeqMask == uint64(t)
}

// Park blocks the owner until somebody has called Ready with t, and returns
// that call's outcome. It returns at once if that has already happened. why and
// obj (a pointer to what is waited for, or nil) are shown in events and reports.
//
// When the runtime ends while a coroutine is parked, Park does not return: it
// unwinds the coroutine, whose deferred calls run.
func (w *Waiter) Park(t Ticket, why trace.Reason, obj any) (outcome int) {
	if next, yield := w.Depart(t, why, obj); next != nil {
		next()
	} else if yield != nil {
		yield(struct{}{})
	} else {
		return w.outcome()
	}
	if gp := w.g; gp.resumedFor() {
		gp.postpark(gp.stk)
	}
	return w.outcome()
}

// resumedFor reports whether a coroutine that comes back from a park has
// something to do first.
func (gp *G) resumedFor() bool {
	st := gp.stk
	return st.errand != nil || st.m.op != opNone || gp.sched.stopping.Load()
}

// Depart is Park's first part: the caller must call the one of the two that is
// not nil, if any, and then Return. It is for those who wait so often that the 5
// ns count that each function costs which returns after a switch (coro.Raw.Turn).
func (w *Waiter) Depart(t Ticket, why trace.Reason, obj any) (next func() (struct{}, bool), yield func(struct{}) bool) {
	if w.state.Load()&waiterSeqMask != uint64(t) {
		return nil, nil
	}
	gp := w.g
	if gp == nil {
		w.parkNative(t)
		return nil, nil
	}
	st, to := gp.prepark(t, why, obj)
	return st.leave(to).Turn()
}

// Return is Park's last part. left tells whether Depart gave something to call.
func (w *Waiter) Return(left bool) (outcome int) {
	if gp := w.g; left && gp.resumedFor() {
		gp.postpark(gp.stk)
	}
	return w.outcome()
}

// outcome returns how the last wait was ended.
func (w *Waiter) outcome() int { return int(w.state.Load() >> outcomeShift & outcomeMask) }

// parkNative blocks a goroutine. Deadlock detection knows it by this name.
//
//go:noinline
func (w *Waiter) parkNative(t Ticket) {
	if w.commit(t) {
		<-w.native().note
	}
}

// commit moves the wait t to parked; false means that it has been ended.
func (w *Waiter) commit(t Ticket) bool {
	for {
		s := w.state.Load()
		if s&waiterSeqMask != uint64(t) {
			return false
		}
		if w.state.CompareAndSwap(s, s|waiterParked) {
			return true
		}
	}
}

// Ready ends the wait t with outcome (0 to 1<<20-1) and makes its owner
// runnable. It reports whether this call was the one that ended it. It never
// parks, and may be called by coroutines, by goroutines and from timers.
func (w *Waiter) Ready(t Ticket, outcome int) bool {
	ok, was := w.claim(t, outcome)
	switch {
	case was == 0:
	case was&waiterStarts != 0:
		w.starter().start()
	case w.g == nil:
		w.native().wake()
	default:
		goready(w.g, trace.ByCoroutine)
	}
	return ok
}

// claim is Ready without the last step: if was has waiterParked, the caller must
// now make the owner runnable.
func (w *Waiter) claim(t Ticket, outcome int) (ok bool, was uint64) {
	for {
		s := w.state.Load()
		if s&waiterSeqMask != uint64(t) {
			return false, 0
		}
		next := uint64(t) + waiterSeqOne | uint64(outcome&outcomeMask)<<outcomeShift
		if w.state.CompareAndSwap(s, next) {
			return true, s & waiterFlags
		}
	}
}
