package sched

import (
	"sync/atomic"

	"github.com/weftgo/weft/trace"
)

// M is a worker: a goroutine that runs coroutines, and whose own stack is g0's.
// Go gives it a thread whenever it runs. Ms are never locked to threads: the Go
// runtime forbids a locked goroutine to resume another's coroutine.
//
// An M is in one of these states:
//
//	runs a coroutine, with a P (user or runtime mode) or without (retaken, Block)
//	on g0 with a P: schedule, findRunnable
//	spinning: on g0 with a P and no work yet, counted in sched.nmspinning
//	polls: on g0 without a P, blocked in netpoll; at most one
//	stopped: on g0 without a P, in sched.midle, blocked on note
type M struct {
	id    int32
	sched *Sched
	stk   stk // g0's: where the scheduling code runs

	// Owned by this M.
	p        *P
	word     *atomic.Uint64 // &p.word, or &noP
	userword uint64         // what p.word is while in user mode
	curg     *G
	op       op   // what the coroutine that left wants done by who goes on
	left     *stk // its stack
	ticket   Ticket
	reap     []*stk // dying stacks that have come home
	nextg    *G     // found by a finishing stack: run it first
	nextq    trace.Queue
	forks    *fork       // free ones; the coroutine's that runs here
	polled   uint32      // how many of the next ones in the local queue may have rested for long: see foresee
	came     trace.Queue // where straight found the next one, and whether it is new: for emitLeft
	fresh    bool
	spinning bool
	naps     uint8 // naps in a row that ended with nothing worth it (idle.go)
	foundAt  int64 // when the last search found something, 0: none has since the last nap

	// Written by whoever takes the M out of sched.midle, before it fills note.
	nextp    *P
	nextspin bool

	note chan struct{} // one slot
	link *M            // in sched.midle; sched.lock
}

// op is what a coroutine asks of g0 when it switches there.
type op uint8

const (
	opNone  op = iota
	opPark     // commit the wait curg/ticket
	opYield    // put curg on the P's queue
	opNoP      // put curg on the global queue: it came back from Block and found no P
	opIdle     // the G has finished; the stack is free
	opExit     // the G has ended by Goexit or panic; the stack ends
)

func (s *Sched) newMLocked() *M {
	mp := &M{id: s.nm.Load(), sched: s, word: &noP, note: make(chan struct{}, 1)}
	mp.stk.m, mp.stk.g0 = mp, true
	s.nm.Add(1)
	s.allm = append(s.allm, mp)
	return mp
}

// tracing reports whether the run is recorded.
func (s *Sched) tracing() bool { return recordable && s.rec != nil }

// recording returns pp's ring, nil if the run is not recorded.
func (pp *P) recording() *trace.Ring {
	if !recordable {
		return nil
	}
	return pp.ring
}

// emit records an event on mp's P, or on the shared ring if it has none. mp is
// in runtime mode, or has no P.
func (mp *M) emit(k trace.Kind, sub uint8, g, a, b, c uint64) {
	if pp := mp.p; pp != nil {
		if r := pp.recording(); r != nil {
			r.Emit(k, sub, mp.id, g, a, b, c)
		}
	} else if s := mp.sched; s.tracing() {
		s.rec.Shared().Emit(k, sub, mp.id, g, a, b, c)
	}
}

// emitLeft records left, that a coroutine leaves mp, and who comes if that is not
// g0: straight has just chosen to.
func (mp *M) emitLeft(left trace.Event, to *stk) {
	left.M = mp.id
	if to.g0 {
		mp.emit(left.Kind, left.Sub, left.G, left.A, left.B, left.C)
	} else if r := mp.p.recording(); r != nil {
		r.EmitTwo(&left, &trace.Event{Kind: trace.KGoStart, Sub: uint8(mp.came), M: mp.id, G: to.g.ID(), A: uint64(b2u(mp.fresh))})
	}
}

// stopm puts mp on the idle list and sleeps until startm gives it a P, which it
// acquires. It returns false when the runtime has ended.
//
// No wake-up is lost: mp is on the list before it sleeps, and note keeps one.
func (mp *M) stopm() bool {
	s := mp.sched
	s.lock.Lock()
	if s.dead {
		s.lock.Unlock()
		return false
	}
	mp.link = s.midle
	s.midle = mp
	s.nsleep.Add(1)
	s.lock.Unlock()
	s.checkIdle()
	mp.emit(trace.KMStop, 0, 0, 0, 0, 0)
	<-mp.note
	return mp.started()
}

// started acquires what startm left. False: the runtime has ended.
func (mp *M) started() bool {
	pp := mp.nextp
	mp.nextp = nil
	mp.spinning = mp.nextspin
	mp.nextspin = false
	if pp == nil {
		return false
	}
	mp.acquirep(pp)
	return true
}

// startm has some M run pp, or any idle P if pp is nil; without a P to be had
// it does nothing. With spinning the caller has counted itself in
// sched.nmspinning, for the M to take over.
func (s *Sched) startm(pp *P, spinning bool) {
	s.lock.Lock()
	if pp == nil {
		if pp = s.pidlegetLocked(); pp == nil {
			s.lock.Unlock()
			if spinning {
				s.nmspinning.Add(-1)
			}
			return
		}
	}
	if s.dead {
		s.pidleputLocked(pp)
		s.lock.Unlock()
		if spinning {
			s.nmspinning.Add(-1)
		}
		return
	}
	mp := s.midle
	fresh := mp == nil
	if fresh {
		mp = s.newMLocked()
		s.mwg.Add(1)
	} else {
		s.midle = mp.link
		mp.link = nil
		s.nsleep.Add(-1)
	}
	mp.nextp, mp.nextspin = pp, spinning
	s.lock.Unlock()
	s.wakeups.Add(1)
	s.emitShared(trace.KMStart, b2u(fresh), 0, uint64(mp.id), uint64(pp.id), 0)
	if fresh {
		go mp.mstart()
		return
	}
	mp.note <- struct{}{}
}

// wakep has one more M look for work, if there is a P for it and none looks
// already, or naps and will look soon: what it finds it will pass on by another
// wakep.
func (s *Sched) wakep() {
	if s.npidle.Load() == 0 || s.nmspinning.Load() != 0 || s.napping.Load() || !s.nmspinning.CompareAndSwap(0, 1) {
		return
	}
	s.startm(nil, true)
}

// wakepNow is wakep for work that nobody in the runtime brought: it doesn't
// wait for the end of a nap.
func (s *Sched) wakepNow() {
	if s.napping.Load() {
		s.breakPoller()
		return
	}
	s.wakep()
}

// handoffp finds somebody for pp, which the caller has taken from its owner. If
// it was the last at work and nobody sleeps in the poller, somebody must: all who
// have stopped relied on that.
func (s *Sched) handoffp(pp *P) {
	if pp.dying.Load() {
		s.pdestroy(pp)
		return
	}
	if pp.runq.len() > 0 || pp.runnext.load() != nil || s.runqsize.Load() > 0 || pp.forks.pending() {
		s.startm(pp, false)
		return
	}
	if s.nmspinning.Load()+s.npidle.Load() == 0 && s.nmspinning.CompareAndSwap(0, 1) {
		s.startm(pp, true)
		return
	}
	s.lock.Lock()
	last := s.npidle.Load() == s.procs.Load()-1
	if s.runqsize.Load() > 0 || s.stopping.Load() || last && s.netpollinited() && s.lastpoll.Load() != 0 {
		s.lock.Unlock()
		s.startm(pp, false)
		return
	}
	when := pp.timers.when0.Load()
	s.pidleputLocked(pp)
	s.lock.Unlock()
	if when != 0 {
		s.wakeForTimer(when)
	}
}

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
