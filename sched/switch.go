package sched

import "runtime"

// How one stack gives way to another.
//
// Every stack brings a place with it (coro.Raw) in which one stack rests: at
// first itself. Who leaves takes the place of the one that it goes on with. So
// there are always as many places as stacks at rest, each holds one, and a
// stack need not rest in its own: stk.at says where. Whoever owns a stack, the
// M that is about to run it, owns the place in which it rests.
//
//	rest: at ─▶ the place whose Swap resumes it
//
// A coroutine that leaves goes on with g0, where the scheduling is done; or,
// when the local queue has the next one ready and it is the turn of nothing
// else, straight with that (RATIONALE: "How does one coroutine go on with
// another?"). What the one that left wanted done, such as the commit of its
// park, is then done by the one that goes on, before anything else and still in
// runtime mode (arrive). So it remains true that a wait is published only when
// the waiter has left its stack.
//
// A stack can end only at home, in its own place: Go resumes whoever rests
// there. One that has to end while another rests in its place is marked dying.
// Whoever resumes that other one later goes by way of the dying stack, which
// takes its own place then (route) and is ended by that M's g0 (bury). dying is
// read by the owner of the place only, and moves once; an owner that reads it
// too early swaps as usual, and the next one sees it. When the runtime ends, all
// are sent home (endStacks).

// errand is what a stack is resumed for, if not to go on.
type errand struct {
	to  *stk        // go on with this one,
	pcs []uintptr   // having noted your callers here, if asked to
	err *PanicError // from a stack that has ended: the panic
}

// swap leaves from and goes on with to, which rests and is the caller's.
func swap(from, to *stk) { from.leave(to).Swap() }

// leave notes that st will rest where to does, and returns that place.
func (st *stk) leave(to *stk) *stk {
	b := to.at
	if b.dying.Load() {
		b = route(st.m, to)
	}
	st.at = b
	return b
}

// route sends the dying owner of the place in which to rests home, on the way to
// to, and returns where the way begins. If it rests in a dying one's place in
// turn, that one comes first.
func route(mp *M, to *stk) *stk {
	b := to.at
	for b.dying.Load() {
		mp.reap = append(mp.reap, b)
		b.errand = &errand{to: to}
		to, b = b, b.at
	}
	return b
}

// runErrand does st's errand.
func (st *stk) runErrand() {
	e := st.errand
	st.errand = nil
	if e.pcs != nil {
		e.pcs = e.pcs[:runtime.Callers(4, e.pcs)]
	}
	st.at = e.to.at
	st.at.Swap()
}

// straight returns the stack to go on with when the coroutine on mp leaves:
// that of the next in the local queue, which is then the current one, or g0's.
// In runtime mode with pp, or without a P. The caller records it (emitLeft).
func (mp *M) straight(pp *P) *stk {
	if pp == nil {
		return &mp.stk
	}
	gate := pp.gate.Load()
	if gate&gateShut != 0 || !mp.mayStay(pp) {
		return &mp.stk
	}
	gp, from := pp.runqget()
	if gp == nil {
		return &mp.stk
	}
	if gp.stk == nil && len(pp.stkfree) == 0 {
		mp.nextg, mp.nextq = gp, from
		return &mp.stk
	}
	fresh := gp.stk == nil
	s := mp.prepare(pp, gp)
	if gate != 0 {
		mp.came, mp.fresh = from, fresh
	}
	return s
}

// prepare makes gp the current coroutine and returns its stack; a fresh one
// gets a free stack.
func (mp *M) prepare(pp *P, gp *G) *stk {
	s := gp.stk
	if s == nil {
		s = mp.stackalloc(pp)
		s.g, gp.stk = gp, s
	}
	s.m = mp
	if gp.status.Load() != uint32(Grunnable) {
		throw("execute: g" + utoa(gp.ID()) + " is " + gp.Status().String() + ", not runnable")
	}
	pp.schedtick++
	mp.curg = gp
	gp.setStatus(Grunning)
	mp.userword = mp.userword&^(tickMask<<tickShift) | pp.schedtick<<tickShift&(tickMask<<tickShift)
	if mp.polled > 0 {
		mp.polled--
		pp.foresee()
	}
	return s
}

// arrived is what a coroutine calls first when a swap returns.
func (st *stk) arrived() {
	if mp := st.m; mp.op != opNone {
		mp.arrive()
	}
}

// arrive does what the coroutine that went straight to this one wanted done, and
// leaves for user mode.
func (mp *M) arrive() {
	left, op, pp := mp.left, mp.op, mp.p
	mp.left, mp.op = nil, opNone
	switch op {
	case opPark:
		if gp := left.g; !mp.park0(gp) {
			mp.unpark(gp)
		}
	case opYield:
		gp := left.g
		gp.setStatus(Grunnable)
		mp.runqput(pp, gp, false)
	case opIdle:
		mp.stackfree(left)
	default:
		throw("a switch between coroutines without a reason")
	}
	mp.leave(pp)
}

// end ends s, which was left for good and is nobody's.
func (mp *M) end(s *stk) {
	if s.at == s {
		s.Finish()
		mp.sched.nstk.Add(-1)
		return
	}
	sc := mp.sched
	sc.lock.Lock()
	sc.dying[s] = struct{}{}
	sc.lock.Unlock()
	s.m = nil
	s.dying.Store(true)
}

// bury ends the stacks that have come home through mp. On g0.
func (mp *M) bury() {
	for len(mp.reap) > 0 {
		s := popStack(&mp.reap)
		mp.sched.lock.Lock()
		delete(mp.sched.dying, s)
		mp.sched.lock.Unlock()
		s.dying.Store(false)
		mp.end(s)
	}
}

// endStacks ends the stacks that are left at the end of a runtime, free and
// dying ones. Nothing else rests in their places.
func (s *Sched) endStacks(all []*stk) {
	who := make(map[*stk]*stk, len(all)) // place → who rests there
	for _, st := range all {
		who[st.at] = st
	}
	var me stk
	for _, st := range all {
		if x := who[st]; x != st { // home: x takes st's place
			who[st], who[st.at] = st, x
			st.errand, x.errand = &errand{to: x}, &errand{to: &me}
			me.at = st.at
			me.at.Swap()
		}
		if st.dying.Load() {
			st.Finish()
		} else {
			st.quit = true
			st.Swap()
		}
		s.nstk.Add(-1)
	}
}
