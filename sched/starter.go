package sched

import (
	"unsafe"

	"github.com/weftgo/weft/trace"
)

// Starter is a Waiter without a coroutine: when its wait is ended, a coroutine is
// started that calls fn. Whoever waits so holds no stack and no G. Its waits are
// numbered and claimed as those of any Waiter, so deadlines and Close may
// compete for it. What fn is not told is how the wait ended.
//
// When the runtime is ending nothing is started, or is dropped before it begins,
// as every coroutine is: what fn would have cleaned up is its owner's to do then.
type Starter struct {
	Waiter        // first: see starter. Its g is Sched.starters, always
	fn     func() // constant
}

// Init makes st ready for use: the coroutines of s that it starts call fn.
func (st *Starter) Init(s *Sched, fn func()) { st.g, st.fn = &s.starters, fn }

// Start starts a coroutine that calls st's function, as the end of a wait does.
// There must be no wait. It does not park.
func (st *Starter) Start() { st.g.sched.Newproc(st.fn, funcPC(st.fn)) }

// starter returns the Starter that w is part of: one whose state had waiterStarts.
func (w *Waiter) starter() *Starter { return (*Starter)(unsafe.Pointer(w)) }

// begin begins a wait. It counts as parked at once: there is no stack to leave.
func (st *Starter) begin() Ticket {
	t := st.Begin()
	storeRel64(&st.state, uint64(t)|waiterFlags) // publish is a release
	return t
}

// newproc makes the coroutine, once the wait has been claimed; nil if the
// runtime is ending.
func (st *Starter) newproc() *G {
	s := st.g.sched
	if s.stopping.Load() {
		return nil
	}
	pc := funcPC(st.fn)
	gp := s.gnew(st.fn, pc, 0)
	s.emitShared(trace.KGoCreate, uint8(trace.QGlobal), 0, gp.ID(), uint64(pc), uint64(pc))
	return gp
}

// start makes the coroutine and queues it.
func (st *Starter) start() {
	gp := st.newproc()
	if gp == nil {
		return
	}
	s := gp.sched
	s.globrunqput(gp)
	s.wakepNow()
}
