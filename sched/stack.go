package sched

import (
	"strconv"
	"unsafe"

	"github.com/weftgo/weft/trace"
)

// Stacks are pooled and Gs are cheap. A fresh G has no stack; it gets one when
// it first runs, and a stack whose G has finished takes the next fresh G from
// its P's queue without a switch. A stack leaves the run only when its G parks
// or yields. Free stacks stand in the P's list, then in the runtime's.

const maxStkFree = 512 // free stacks a P keeps; beyond, they go to the runtime's list

func (mp *M) stackalloc(pp *P) *stk {
	if s := popStack(&pp.stkfree); s != nil {
		return s
	}
	sc := mp.sched
	if sc.nstkfree.Load() > 0 {
		sc.lock.Lock()
		s := popStack(&sc.stkfree)
		if s != nil {
			sc.nstkfree.Add(-1)
		}
		sc.lock.Unlock()
		if s != nil {
			return s
		}
	}
	s := new(stk)
	s.at = s
	s.Init(s.main)
	sc.nstk.Add(1)
	return s
}

func popStack(free *[]*stk) *stk {
	n := len(*free) - 1
	if n < 0 {
		return nil
	}
	s := (*free)[n]
	(*free)[n], *free = nil, (*free)[:n]
	return s
}

// stackfree keeps s for the next fresh G. s is idle.
func (mp *M) stackfree(s *stk) {
	s.m = nil
	if pp := mp.p; pp != nil && len(pp.stkfree) < maxStkFree {
		pp.stkfree = append(pp.stkfree, s)
		return
	}
	sc := mp.sched
	sc.lock.Lock()
	sc.stkfree = append(sc.stkfree, s)
	sc.nstkfree.Add(1)
	sc.lock.Unlock()
}

// main is what a stack does: run Gs until it is told to quit.
//
// A panic of one stops here, with this stack in its report. A Goexit can't be
// stopped: it is held in the deferred call, g0 takes over (end) and has another
// goroutine carry it out. A panic may have come out of a deferred call of a
// Goexit that goes on afterwards, so it ends the stack in the same way.
func (s *stk) main(back func(struct{}) bool) {
	s.Begin(back)
	here.Put(unsafe.Pointer(s))
	defer func() {
		if !s.quit {
			s.abnormal(recover())
		}
	}()
	for !s.quit {
		s.g.fn()
		s.finish()
	}
	here.Delete()
}

func (s *stk) abnormal(v any) {
	if s.g == nil {
		panic(v) // in the runtime itself, not in a coroutine
	}
	if v != nil {
		s.errand = &errand{err: s.g.panicError(v)}
	}
	here.Delete()
	mp := s.m
	mp.enter()
	mp.op, mp.left = opExit, s
	swap(s, &mp.stk)
	for s.errand != nil {
		s.runErrand() // dying, and on the way home
	}
}

// finish is goexit: it recycles the G that has returned, and either begins the
// next fresh one on this stack or leaves it, for the next one's or for g0.
func (s *stk) finish() {
	mp := s.m
	gp := s.g
	pp := mp.enter()
	mp.goexit0(pp, gp)
	s.g = nil
	to := &mp.stk
	if pp != nil && pp.gate.Load()&gateShut == 0 && mp.mayStay(pp) {
		if next, from := pp.runqget(); next != nil {
			if next.stk == nil {
				s.g, next.stk = next, s
				count(&pp.stats.sameStk, 1)
				mp.prepare(pp, next)
				if pp.recording() != nil {
					mp.emitStart(next, from, true)
				}
				mp.leave(pp)
				return
			}
			to = mp.prepare(pp, next)
			if pp.recording() != nil {
				mp.emitStart(next, from, false)
			}
		}
	}
	mp.op, mp.left = opIdle, s
	swap(s, to)
	for s.errand != nil {
		s.runErrand() // the runtime ends
	}
	if !s.quit {
		s.arrived()
	}
}

// mayStay reports whether the next G may come straight from the local queue:
// it is not the turn of the global queue or of a timer, if the gate is open.
func (mp *M) mayStay(pp *P) bool {
	tick := pp.schedtick
	return tick%61 != 0 && (tick%16 != 0 || pp.timers.when0.Load() == 0)
}

// goexit0 recycles gp, on the stack it ran on or on g0.
func (mp *M) goexit0(pp *P, gp *G) {
	gp.setStatus(Gdead)
	gp.stk, gp.fn, gp.waitobj = nil, nil, nil
	if pp == nil {
		mp.emit(trace.KGoExit, 0, gp.ID(), 0, 0, 0)
		mp.sched.gput(gp)
		return
	}
	if pp.gate.Load() != 0 {
		mp.emit(trace.KGoExit, 0, gp.ID(), 0, 0, 0)
	}
	count(&pp.stats.exited, 1)
	pp.gfree.push(gp)
	// The gate is looked at again, since who begins the end sets it and then counts: it or this G, if the last, sees the other.
	if pp.gate.Load() != 0 || pp.gfree.n >= 2*gBatch {
		mp.sched.gexited(pp)
	}
}

// gexited is what goexit0 seldom does.
func (s *Sched) gexited(pp *P) {
	if pp.gfree.n >= 2*gBatch {
		s.gputHalf(pp)
	}
	if s.stopping.Load() {
		s.checkUnwound()
	}
}

const gBatch = 64 // Gs that move between a P's free list and the runtime's

// gfget takes a free G, filling pp's list from the runtime's.
func (s *Sched) gfget(pp *P) *G {
	s.glock.Lock()
	for s.gfree.head != nil && pp.gfree.n < gBatch {
		pp.gfree.push(s.gfree.pop())
	}
	s.glock.Unlock()
	if gp := pp.gfree.pop(); gp != nil {
		return gp
	}
	slab := s.gslab()
	for i := range slab[1:] {
		pp.gfree.push(&slab[i+1])
	}
	return &slab[0]
}

// gnew makes a runnable G without a P.
func (s *Sched) gnew(fn func(), pc uintptr, parent uint64) *G {
	s.glock.Lock()
	gp := s.gfree.pop()
	s.spawned++
	s.glock.Unlock()
	if gp == nil {
		slab := s.gslab()
		s.glock.Lock()
		for i := range slab[1:] {
			s.gfree.push(&slab[i+1])
		}
		s.glock.Unlock()
		gp = &slab[0]
	}
	gp.goid.Store(s.goidgen.Add(1))
	gp.fn, gp.gopc, gp.parent = fn, pc, parent
	gp.setStatus(Grunnable)
	return gp
}

// gput frees gp without a P.
func (s *Sched) gput(gp *G) {
	s.glock.Lock()
	s.gfree.push(gp)
	s.exited++
	s.glock.Unlock()
	if s.stopping.Load() {
		s.checkUnwound()
	}
}

func (s *Sched) gputHalf(pp *P) {
	s.glock.Lock()
	for range gBatch {
		s.gfree.push(pp.gfree.pop())
	}
	s.glock.Unlock()
}

const gSlab = 17 // of 104 bytes: an allocation of 1792

// gslab makes Gs and enters them in allgs. (The lock is not held while memory is
// allocated: that can take part in a collection.)
func (s *Sched) gslab() []G {
	slab := make([]G, gSlab)
	for i := range slab {
		slab[i].sched = s
		slab[i].Waiter.g = &slab[i]
	}
	s.glock.Lock()
	s.allgs = append(s.allgs, slab)
	s.glock.Unlock()
	return slab
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

// throw ends the process: the runtime's own state is broken.
func throw(why string) { panic("weft: runtime error: " + why) }
