package sched

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/weftgo/weft/trace"
)

// P is a processor: the right to run one coroutine, and what is needed for it
// without a lock: a run queue, timers, free Gs and stacks.
//
// Who may touch it. Go can stop a running goroutine at any instruction; weft
// can't. So that sysmon can still take the P of an M whose coroutine blocks
// natively or computes for long, one atomic word says who owns P and in which
// mode:
//
//	word = owner M's id<<40 | tick<<2 | mode
//
// A coroutine's own code runs in user mode. Each entry into the runtime moves
// the word from user to runtime mode by CAS (M.enter), and back (M.leave).
// sysmon retakes only by CAS from user mode, to a word that no M expects. If
// the entry's CAS fails, the P has gone; the M finishes the call without one. A
// thief that wants runnext moves the word from user to thief mode by CAS, takes
// it, and restores the word; an entry waits for those few instructions.
//
// The rule that makes this safe: the fields below "owner, in runtime mode" are
// touched only there. A retake or a thief needs user mode, so it never cuts a
// touch in two; the CAS that takes the word orders the new owner after the old
// one's last touch. The word can't come back to what an M that lost it expects:
// it holds that M's id, and only that M itself acquires a P for itself.
type P struct {
	id    int32
	sched *Sched
	word  atomic.Uint64
	m     atomic.Pointer[M] // owner, for inspection; stale after a retake until the next acquire
	gate  atomic.Uint32     // why no shortcut is to be taken: gate bits
	dying atomic.Bool       // procresize wants it gone: its owner gives it up
	dead  atomic.Bool       // it has
	_     [64]byte

	// Owner, in runtime mode.
	runnext    gslot  // runs before the queue; also a thief's, in thief mode
	schedtick  uint64 // executes, the low bits stand in word
	nextStreak uint8  // runnext taken so often in a row
	link       *P     // in sched.pidle
	goid       uint64
	goidEnd    uint64
	gfree      gStack
	stkfree    []*stk
	rng        rand.PCG
	ring       *trace.Ring // nil: recording is off
	stats      pStats
	_          [64]byte

	// Shared with thieves: the owner puts and takes, others take (runq.go).
	runq   runq
	timers timers
	forks  forkq
}

// pStats counts what happened on a P. Written by its owner, read by anyone.
type pStats struct {
	spawned, exited atomic.Uint64
	parks, readies  atomic.Uint64
	steals, stolen  atomic.Uint64
	overflows       atomic.Uint64
	sameStk, polls  atomic.Uint64
}

// count adds to a counter that only the caller writes.
func count(c *atomic.Uint64, n uint64) { storeRel64(c, c.Load()+n) }

const (
	modeUser    = 0
	modeRuntime = 1
	modeThief   = 2
	modeMask    = 3
	tickShift   = 2
	ownerShift  = 40
	tickMask    = 1<<(ownerShift-tickShift) - 1
	ownerNone   = 1<<24 - 1 // retaken or idle: no M expects it
)

func pword(owner int32, tick uint64, mode uint64) uint64 {
	return uint64(owner)<<ownerShift | tick&tickMask<<tickShift | mode
}

// enter takes mp from user to runtime mode and returns its P, nil if it has
// none (any more). The caller is the coroutine that runs on mp.
func (mp *M) enter() *P {
	if mp.word.CompareAndSwap(mp.userword, mp.userword+modeRuntime) {
		return mp.p
	}
	return mp.enterSlow()
}

// noP is where M.word points while M.p is nil. It is never what an M expects.
var noP atomic.Uint64

func init() { noP.Store(pword(ownerNone, 0, modeRuntime)) }

// dropP notes that mp has no P.
func (mp *M) dropP() {
	mp.p = nil
	mp.word = &noP
}

// enterSlow: the P was retaken, or a thief is at it. If it is gone and another
// is idle, go on with that.
func (mp *M) enterSlow() *P {
	if pp := mp.p; pp != nil {
		for pp.word.Load() == mp.userword|modeThief {
		}
		if pp.word.CompareAndSwap(mp.userword, mp.userword|modeRuntime) {
			return pp
		}
		mp.dropP()
	}
	pp := mp.sched.pidleget()
	if pp != nil {
		mp.acquirep(pp)
	}
	return pp
}

// leave takes mp back to user mode.
func (mp *M) leave(pp *P) {
	if pp != nil {
		storeRel64(&pp.word, mp.userword)
	}
}

// acquirep makes pp, which nobody owns, mp's, in runtime mode.
func (mp *M) acquirep(pp *P) {
	if w := pp.word.Load(); w>>ownerShift != ownerNone {
		throw("acquirep: the P has an owner")
	}
	mp.p, mp.word = pp, &pp.word
	pp.m.Store(mp)
	mp.userword = pword(mp.id, pp.schedtick, modeUser)
	pp.word.Store(mp.userword | modeRuntime)
	if r := pp.recording(); r != nil {
		r.Emit(trace.KPAcquire, 0, mp.id, 0, 0, 0, 0)
	}
}

// releasep takes mp's P from it. The caller, in runtime mode, must do something
// with it: nobody else will.
func (mp *M) releasep() *P {
	pp := mp.p
	mp.dropP()
	pp.m.Store(nil)
	pp.word.Store(pword(ownerNone, pp.schedtick, modeRuntime))
	return pp
}

// retakeFrom takes pp from its owner if that is in user mode with the word
// seen. The caller must do something with pp.
func (pp *P) retakeFrom(seen uint64) bool {
	return seen&modeMask == modeUser && seen>>ownerShift != ownerNone &&
		pp.word.CompareAndSwap(seen, pword(ownerNone, seen>>tickShift, modeRuntime))
}

// takeNext takes runnext from a P that is in user mode with the word seen.
func (pp *P) takeNext(seen uint64) *G {
	if seen&modeMask != modeUser || !pp.word.CompareAndSwap(seen, seen|modeThief) {
		return nil
	}
	gp := pp.runnext.load()
	pp.runnext.store(nil)
	pp.word.Store(seen)
	return gp
}

// The bits of P.gate. One look at it tells a fast path that nothing is special.
const (
	gateShut     = 1 << iota // the P dies, the runtime ends, a Chooser decides or one queue is shared
	gateRecorded             // the run is recorded
)

// setGate recomputes gate.
func (pp *P) setGate() {
	s := pp.sched
	var gate uint32
	if pp.dying.Load() || s.chooser != nil || s.shared || s.stopping.Load() {
		gate = gateShut
	}
	if s.tracing() {
		gate |= gateRecorded
	}
	pp.gate.Store(gate)
}

// random returns a number below n, for the choice of a victim.
func (pp *P) random(n int) int {
	return int(uint32(pp.rng.Uint64()>>32) % uint32(n))
}
