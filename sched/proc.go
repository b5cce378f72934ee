package sched

import (
	"runtime"
	"unsafe"

	"github.com/weftgo/weft/trace"
)

// mstart is an M's life: the goroutine that it is.
func (mp *M) mstart() {
	defer mp.sched.mwg.Done()
	here.Put(unsafe.Pointer(&mp.stk))
	defer here.Delete()
	if mp.started() {
		mp.schedule()
		mp.bury()
	}
}

// schedule runs coroutines until the runtime ends. It stays on g0: a coroutine
// comes back to it by a switch and never calls it.
func (mp *M) schedule() {
	for mp.p != nil || mp.nop() {
		gp, from := mp.shortcut()
		if gp == nil {
			if gp, from = mp.findRunnable(); gp == nil {
				return
			}
		}
		if s := mp.execute(gp, from); s != nil {
			if next, yield := mp.stk.leave(s).Turn(); next != nil {
				next()
			} else {
				yield(struct{}{})
			}
			mp.afterSwitch()
		}
	}
}

// shortcut takes the next coroutine from the local queue, when it is the turn
// of nothing else: what findRunnable would find then.
func (mp *M) shortcut() (*G, trace.Queue) {
	pp := mp.p
	if pp.gate.Load()&gateShut != 0 || pp.schedtick%61 == 0 || pp.timers.when0.Load() != 0 || mp.nextg != nil || mp.spinning {
		return nil, 0
	}
	return pp.runqget()
}

// execute makes everything ready for gp to run and returns the stack to switch
// to, nil if gp is not to run any more.
func (mp *M) execute(gp *G, from trace.Queue) *stk {
	pp := mp.p
	fresh := gp.stk == nil
	if fresh && mp.sched.stopping.Load() {
		mp.goexit0(pp, gp) // it never began: nothing to unwind
		return nil
	}
	s := mp.prepare(pp, gp)
	if pp.recording() != nil {
		mp.emitStart(gp, from, fresh)
	}
	mp.leave(pp)
	return s
}

func (mp *M) emitStart(gp *G, from trace.Queue, fresh bool) {
	mp.emit(trace.KGoStart, uint8(from), gp.ID(), uint64(b2u(fresh)), 0, 0)
}

// afterSwitch does, on g0, what the coroutine came here for. mp is in runtime
// mode, or has lost its P.
func (mp *M) afterSwitch() {
	s, gp, op := mp.left, mp.curg, mp.op
	mp.left, mp.curg, mp.op = nil, nil, opNone
	switch op {
	case opPark:
		if !mp.park0(gp) {
			mp.unpark(gp)
		}
	case opYield:
		gp.setStatus(Grunnable)
		if mp.p == nil {
			mp.sched.globrunqput(gp)
		} else {
			mp.runqput(mp.p, gp, false)
		}
	case opNoP:
		gp.setStatus(Grunnable)
		mp.sched.globrunqput(gp)
	case opIdle:
		mp.stackfree(s)
	case opExit:
		if e := s.errand; e != nil {
			s.errand = nil
			mp.sched.fail(e.err)
		}
		mp.end(s)
		mp.goexit0(mp.p, gp)
	default:
		throw("switch to g0 without a reason")
	}
}

// park0 commits a park. This must happen after the coroutine has left its stack,
// on g0 or on the stack of the one that goes on: from the moment that the wait is
// parked another M may resume it, and two threads can't be on one stack. False:
// gp had been readied, and is the caller's again, runnable.
func (mp *M) park0(gp *G) bool {
	gp.setStatus(Gwaiting) // before the commit: afterwards gp isn't ours
	if !gp.commit(mp.ticket) {
		gp.setStatus(Grunnable)
		return false
	}
	if mp.p == nil || mp.p.gate.Load()&gateShut != 0 {
		mp.sched.unwindParked(gp)
	}
	return true
}

// unpark queues gp, which was readied before it was parked. On g0, or from arrive.
func (mp *M) unpark(gp *G) {
	s := mp.sched
	if mp.p == nil {
		mp.emitReady(gp, 0, trace.QGlobal, trace.ByEarly)
		s.globrunqput(gp)
		return
	}
	mp.emitReady(gp, 0, s.nextQueue(), trace.ByEarly)
	mp.runqput(mp.p, gp, true)
}

// prepark readies the running coroutine for the switch to to, where its park is
// committed. Called on gp, in user mode.
func (gp *G) prepark(t Ticket, why trace.Reason, obj any) (st, to *stk) {
	s := gp.sched
	if s.stopping.Load() {
		gp.claim(t, 0)  // nobody shall give us anything any more
		unwindFrom(obj) // whoever would wake us may be gone
	}
	st = gp.stk
	mp := st.m
	gp.waitwhy, gp.waitobj = why, obj
	var site uint64
	if s.rec != nil {
		site = callSite() // in user mode: the first time it takes long
	}
	pp := mp.enter()
	if pp != nil {
		count(&pp.stats.parks, 1)
	}
	if why == trace.WaitIORead {
		st.rest()
	}
	mp.op, mp.ticket, mp.left = opPark, t, st
	to = mp.straight(pp)
	if pp == nil || pp.gate.Load() != 0 {
		mp.emitLeft(trace.Event{Kind: trace.KGoPark, Sub: uint8(why), G: gp.ID(), A: objAddr(obj), B: site, C: holderID(obj)}, to)
	}
	return st, to
}

// postpark is what a coroutine does first when it comes back from a park, if
// there is anything to do.
func (gp *G) postpark(st *stk) {
	for st.errand != nil {
		st.runErrand()
	}
	st.arrived()
	if gp.sched.stopping.Load() {
		unwindFrom(gp.waitobj)
	}
}

// unwindFrom unwinds the calling coroutine, which was to wait for obj.
func unwindFrom(obj any) {
	if pd, ok := obj.(*PollDesc); ok {
		pd.Disturb() // an event that it takes along is the next call's
	}
	runtime.Goexit()
}

// Yield puts the calling coroutine at the end of its P's queue and runs the
// next. In an ordinary goroutine it is runtime.Gosched.
func Yield() {
	st := self()
	if st == nil || st.g0 {
		runtime.Gosched()
		return
	}
	mp, gp := st.m, st.g
	s := mp.sched
	pp := mp.enter()
	if pp != nil && pp.nothingElse() && pp.gate.Load()&gateShut == 0 && s.runqsize.Load() == 0 &&
		pp.timers.when0.Load() == 0 && s.netpollWaiters() == 0 {
		mp.leave(pp) // nobody to yield to
		return
	}
	mp.op, mp.left = opYield, st
	to := mp.straight(pp)
	if pp == nil || pp.gate.Load() != 0 {
		mp.emitLeft(trace.Event{Kind: trace.KGoYield, Sub: uint8(trace.QLocal), G: gp.ID()}, to)
	}
	if next, yield := st.leave(to).Turn(); next != nil {
		next()
	} else {
		yield(struct{}{})
	}
	st.arrived()
	if s.stopping.Load() {
		runtime.Goexit()
	}
}

func (pp *P) nothingElse() bool {
	return pp.runnext.load() == nil && pp.runq.head.Load() == pp.runq.tail.Load()
}

// Newproc starts a coroutine of s that runs fn. pc is the place of creation, for
// reports: the return address of a function that isn't inlined, since one inside
// an inlined call tells of that and not of its caller.
func (s *Sched) Newproc(fn func(), pc uintptr) {
	if fn == nil {
		panic("weft: Go of a nil function")
	}
	st := self()
	if st == nil || st.m.sched != s {
		s.newprocForeign(fn, pc)
		return
	}
	if st.g0 { // from a timer: already in runtime mode
		st.m.newproc1(st.m.p, fn, pc, 0)
		return
	}
	pp := st.m.enter()
	st.m.newproc1(pp, fn, pc, st.g.ID())
	st.m.leave(pp)
}

// Go starts a coroutine that runs fn, in the calling coroutine's runtime, or in
// the default one. It is weft.Go.
//
//go:noinline
func Go(fn func()) {
	val, pc := here.GetCaller()
	st := (*stk)(val)
	if fn == nil || st == nil || st.g0 {
		Current().Newproc(fn, pc)
		return
	}
	mp := st.m
	pp := mp.enter()
	mp.newproc1(pp, fn, pc, st.g.ID())
	mp.leave(pp)
}

// newproc1 makes the G and queues it. In runtime mode with pp, or without a P.
func (mp *M) newproc1(pp *P, fn func(), pc uintptr, parent uint64) {
	s := mp.sched
	if pp == nil {
		gp := s.gnew(fn, pc, parent)
		mp.emit(trace.KGoCreate, uint8(trace.QGlobal), parent, gp.ID(), uint64(funcPC(fn)), uint64(pc))
		s.globrunqput(gp)
		s.wakep()
		return
	}
	gp := pp.gfree.pop()
	if gp == nil {
		gp = s.gfget(pp)
	}
	if pp.goid == pp.goidEnd {
		pp.goidEnd = s.goidgen.Add(goidBatch)
		pp.goid = pp.goidEnd - goidBatch
	}
	pp.goid++
	storeRel64(&gp.goid, pp.goid)
	gp.fn, gp.gopc, gp.parent = fn, pc, parent
	gp.setStatus(Grunnable)
	count(&pp.stats.spawned, 1)
	special := pp.gate.Load() != 0
	if special { // before anyone can run it
		mp.emit(trace.KGoCreate, uint8(s.nextQueue()), parent, gp.ID(), uint64(funcPC(fn)), uint64(pc))
	}
	if old := pp.runnext.load(); special && s.shared || old != nil && !pp.runq.put(old) {
		mp.runqput(pp, gp, true)
	} else {
		pp.runnext.store(gp) // runqput, shortened
	}
	if s.npidle.Load() != 0 && s.nmspinning.Load() == 0 {
		s.wakep()
	}
}

const goidBatch = 16

// newprocForeign starts a coroutine from a goroutine outside s.
func (s *Sched) newprocForeign(fn func(), pc uintptr) {
	gp := s.gnew(fn, pc, 0)
	s.emitShared(trace.KGoCreate, uint8(trace.QGlobal), 0, gp.ID(), uint64(funcPC(fn)), uint64(pc))
	s.globrunqput(gp)
	s.wakepNow()
}

// goready makes gp, which the caller has claimed, runnable.
func goready(gp *G, by trace.Cause) {
	st := self()
	s := gp.sched
	if st == nil || st.m.sched != s {
		gp.setStatus(Grunnable)
		if s.tracing() {
			s.emitShared(trace.KGoReady, uint8(trace.QGlobal), 0, gp.ID(), objAddr(gp.waitobj), uint64(trace.ByGoroutine))
		}
		s.globrunqput(gp)
		s.wakepNow()
		return
	}
	mp := st.m
	if st.g0 {
		mp.ready(mp.p, gp, 0, trace.ByTimer)
		return
	}
	pp := mp.enter()
	if pp == nil || pp.gate.Load() != 0 || pp.runnext.load() != nil || s.npidle.Load() != 0 && !s.napping.Load() {
		mp.ready(pp, gp, st.g.ID(), by)
		mp.leave(pp)
		return
	}
	gp.setStatus(Grunnable) // ready, shortened
	count(&pp.stats.readies, 1)
	pp.runnext.store(gp)
	storeRel64(&pp.word, mp.userword)
}

// ready queues gp, in runtime mode with pp or without a P.
func (mp *M) ready(pp *P, gp *G, who uint64, by trace.Cause) {
	gp.setStatus(Grunnable)
	s := mp.sched
	if pp == nil {
		mp.emitReady(gp, who, trace.QGlobal, by)
		s.globrunqput(gp)
		s.wakep()
		return
	}
	count(&pp.stats.readies, 1)
	if r := pp.recording(); r != nil {
		mp.emitReady(gp, who, s.nextQueue(), by)
	}
	mp.runqput(pp, gp, true)
	if s.npidle.Load() != 0 && s.nmspinning.Load() == 0 {
		s.wakep()
	}
}

// nextQueue is where runqput with next puts, for events.
func (s *Sched) nextQueue() trace.Queue {
	if s.shared {
		return trace.QGlobal
	}
	return trace.QRunnext
}

func (mp *M) emitReady(gp *G, who uint64, q trace.Queue, by trace.Cause) {
	mp.emit(trace.KGoReady, uint8(q), who, gp.ID(), objAddr(gp.waitobj), uint64(by))
}

// runqput puts gp on pp's queue; with next into the slot that runs first, whose
// holder moves to the queue. A full queue sends half of itself to the global one.
func (mp *M) runqput(pp *P, gp *G, next bool) {
	s := mp.sched
	if s.shared {
		s.globrunqput(gp)
		return
	}
	if next {
		old := pp.runnext.load()
		pp.runnext.store(gp)
		if old == nil {
			return
		}
		gp = old
	}
	for !pp.runq.put(gp) {
		if mp.runqputslow(pp, gp) {
			return
		}
	}
}

func (mp *M) runqputslow(pp *P, gp *G) bool {
	var half gList
	if !pp.runq.takeHalf(&half) {
		return false
	}
	half.push(gp)
	count(&pp.stats.overflows, 1)
	mp.emit(trace.KOverflow, 0, 0, uint64(half.n), 0, 0)
	mp.sched.globrunqputbatch(&half)
	return true
}

// maxNextStreak caps how often in a row runnext may be taken while others wait
// in the queue. Where nothing preempts, two coroutines that ready each other
// would keep the rest out for ever.
const maxNextStreak = 16

// runqget takes the next coroutine of pp. Owner, in runtime mode.
func (pp *P) runqget() (*G, trace.Queue) {
	next := pp.runnext.load()
	if next == nil || pp.nextStreak >= maxNextStreak {
		pp.nextStreak = 0
		if gp := pp.runq.get(); gp != nil {
			return gp, trace.QLocal
		}
	}
	if next == nil {
		return nil, trace.QNone
	}
	pp.runnext.store(nil)
	pp.nextStreak++
	return next, trace.QRunnext
}
