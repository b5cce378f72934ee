package sched

import "github.com/weftgo/weft/trace"

// Block calls fn, which may block its thread (a system call, a native lock, a
// database driver), and hands the P to another M first, so that no other
// coroutine waits for it. Without Block sysmon does so after about 10 ms. In
// an ordinary goroutine it just calls fn.
func Block(fn func()) {
	st := self()
	if st == nil || st.g0 {
		fn()
		return
	}
	mp, gp := st.m, st.g
	s := mp.sched
	if pp := mp.enter(); pp != nil {
		mp.emit(trace.KGoBlock, 0, gp.ID(), 0, 0, 0)
		mp.emit(trace.KHandoff, 0, gp.ID(), uint64(pp.id), uint64(mp.id), 0)
		s.handoffs.Add(1)
		s.handoffp(mp.releasep())
	}
	gp.setStatus(Gsyscall)
	fn() // if it panics, the coroutine goes on, perhaps without a P until it next enters
	gp.setStatus(Grunning)
	st.m.unblock(gp) // fn may have parked: this can be another M
}

// unblock gets a P for a coroutine that comes back, or queues it.
func (mp *M) unblock(gp *G) {
	if mp.p != nil {
		return // fn itself took one, by calling into the runtime
	}
	if pp := mp.sched.pidleget(); pp != nil {
		mp.acquirep(pp)
		mp.emit(trace.KGoUnblock, 0, gp.ID(), 1, 0, 0)
		mp.leave(pp)
		return
	}
	mp.emit(trace.KGoUnblock, 0, gp.ID(), 0, 0, 0)
	st := gp.stk
	mp.op, mp.left = opNoP, st
	swap(st, &mp.stk)
	st.arrived()
}
