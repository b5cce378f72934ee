package sched

import (
	"sync/atomic"

	"github.com/weftgo/weft/trace"
)

// Fork-join. Do(a, b) offers b to thieves and calls a; if nobody has taken b
// by then, it calls b: two plain calls, and no coroutine.
//
// A fork is one offered child. Who moves its state from pending has it:
//
//	free ──Do──▶ pending ──parent──▶ free (called inline)
//	                └──thief──▶ stolen ──thief──▶ done
//	                              └──parent──▶ awaited ──thief──▶ done, parent readied
//
// A P's forkq only says where to look: its entries are hints, and a claim is
// the CAS on the fork itself. So a fork may be recycled while a thief still
// holds a pointer to it: the thief's CAS then fails, or takes what is on offer
// there now, which is as good. Only the owner of the P, in runtime mode, writes
// the queue; an entry whose fork has been claimed stays until the next push
// passes it. Free forks hang on the M, which only the coroutine on it touches.
type fork struct {
	state  atomic.Uint32
	fn     func()
	parent *G
	ticket Ticket // of the parent's wait, set before awaited
	err    error  // how a stolen fn ended, set before done
	next   *fork  // the parent's next child
	link   *fork  // in M.forks
}

const (
	forkFree uint32 = iota
	forkPending
	forkStolen
	forkAwaited
	forkDone
)

const forkqsize = 64

type forkq struct {
	tail atomic.Uint32
	slot [forkqsize]atomic.Pointer[fork]
}

// pending reports whether there is something to take.
func (q *forkq) pending() bool {
	for i := range q.tail.Load() {
		if q.slot[i].Load().state.Load() == forkPending {
			return true
		}
	}
	return false
}

// push offers f, in the place of entries at the end that nobody can take any
// more. A full queue doesn't take it, and then only the parent will.
func (q *forkq) push(f *fork) {
	t := q.tail.Load()
	for t > 0 && q.slot[t-1].Load().state.Load() != forkPending {
		t--
	}
	if t < forkqsize {
		if q.slot[t].Load() != f { // mostly it stands there from the last time
			q.slot[t].Store(f)
		}
		t++
	}
	storeRel32(&q.tail, t)
}

// take claims the oldest pending fork: the one with the most work under it.
func (q *forkq) take() *fork {
	for i := range q.tail.Load() {
		f := q.slot[i].Load()
		if f.state.Load() == forkPending && f.state.CompareAndSwap(forkPending, forkStolen) {
			return f
		}
	}
	return nil
}

// Do calls all fns, in parallel as far as there are idle Ps, and returns when
// all have returned. What nobody stole runs as a plain call on the caller's
// stack, in order. If one panics, Do panics with its value when all others
// have ended; those that had not begun are not called. In an ordinary goroutine
// it uses the default runtime.
func Do(fns []func()) {
	switch len(fns) {
	case 0:
		return
	case 1:
		fns[0]()
		return
	}
	st := self()
	if st == nil || st.g0 {
		doForeign(fns)
		return
	}
	st.g.do(fns)
}

// do offers fns[1:], the last first: thieves begin at that end, and the owner
// comes from the other.
func (gp *G) do(fns []func()) {
	var offered *fork
	for i := len(fns) - 1; i > 0; i-- {
		f := gp.fork(fns[i])
		if f.next != offered {
			f.next = offered
		}
		offered = f
	}
	defer func() {
		if offered != nil { // one of fns panicked or called Goexit
			gp.abandon(offered)
		}
	}()
	fns[0]()
	for _, fn := range fns[1:] {
		f := offered
		offered = f.next
		if f.state.CompareAndSwap(forkPending, forkFree) {
			gp.recycle(f)
			fn()
		} else {
			gp.join(f)
		}
	}
}

// fork offers fn. In user mode, on gp.
func (gp *G) fork(fn func()) *fork {
	mp := gp.stk.m
	f := mp.forks
	if f == nil {
		f = new(fork)
	} else {
		mp.forks = f.link
	}
	f.fn = fn
	if f.parent != gp { // each store of a pointer costs, while the collector runs
		f.parent = gp
	}
	pp := mp.enter()
	if pp == nil { // nowhere to offer it
		f.state.Store(forkPending)
		return f
	}
	pp.forks.push(f) // first: it drops what is not pending
	storeRel32(&f.state, forkPending)
	if r := pp.recording(); r != nil {
		r.Emit(trace.KFork, 0, mp.id, gp.ID(), 0, 0, 0)
	}
	s := mp.sched
	if s.npidle.Load() != 0 && s.nmspinning.Load() == 0 {
		s.wakep()
	}
	mp.leave(pp)
	return f
}

func (gp *G) recycle(f *fork) {
	f.fn = nil
	mp := gp.stk.m
	f.link, mp.forks = mp.forks, f
}

// join waits for a stolen f.
func (gp *G) join(f *fork) {
	f.ticket = gp.Begin()
	if f.state.CompareAndSwap(forkStolen, forkAwaited) {
		gp.Park(f.ticket, trace.WaitJoin, nil)
	}
	err := f.err
	f.err = nil
	gp.recycle(f)
	if err != nil {
		panic(err)
	}
}

// abandon cleans up when the parent panics or exits: children that nobody took
// are dropped, those that run are waited for.
func (gp *G) abandon(f *fork) {
	for ; f != nil; f = f.next {
		if f.state.CompareAndSwap(forkPending, forkFree) {
			continue
		}
		f.ticket = gp.Begin()
		if f.state.CompareAndSwap(forkStolen, forkAwaited) {
			gp.Park(f.ticket, trace.WaitJoin, nil)
		}
	}
}

// stealFork finds a pending child on another P and makes a coroutine of it.
func (s *Sched) stealFork(mp *M, pp *P) *G {
	for _, victim := range s.allp() {
		f := victim.forks.take()
		if f == nil {
			continue
		}
		gp := pp.gfree.pop()
		if gp == nil {
			gp = s.gfget(pp)
		}
		gp.goid.Store(s.goidgen.Add(1))
		gp.fn, gp.gopc, gp.parent = f.runStolen, funcPC(f.fn), f.parent.ID()
		gp.setStatus(Grunnable)
		count(&pp.stats.spawned, 1)
		count(&pp.stats.steals, 1)
		count(&pp.stats.stolen, 1)
		mp.emit(trace.KForkSteal, 0, gp.ID(), f.parent.ID(), uint64(victim.id), 0)
		return gp
	}
	return nil
}

// runStolen is the function of the coroutine that runs a stolen child.
func (f *fork) runStolen() {
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				f.err = newPanicError(Getg(), v)
			}
		}
		// Once it is done and was not awaited, the parent may recycle f.
		if f.state.Swap(forkDone) == forkAwaited {
			f.parent.Ready(f.ticket, 0)
		}
	}()
	f.fn()
	returned = true
}

// doForeign is Do for an ordinary goroutine.
func doForeign(fns []func()) {
	own := append([]func(){}, fns...) // so that only this copy escapes
	s := Current()
	w := Self()
	t := w.Begin()
	var err error
	s.Newproc(func() {
		defer func() {
			if v := recover(); v != nil {
				err = newPanicError(Getg(), v)
			}
			w.Ready(t, 0)
		}()
		Do(own)
	}, 0)
	w.Park(t, trace.WaitJoin, nil)
	w.Release()
	if err != nil {
		panic(err)
	}
}
