package sched

import (
	"errors"
	"sync"

	"github.com/weftgo/weft/trace"
)

// The end of a runtime. When main has returned, every coroutine that is left
// ends where it stands, by runtime.Goexit, so that its deferred calls run:
//
//   - one that has not begun is dropped (execute);
//   - one that is parked is readied by the unwinder and exits in park;
//   - one that runs or is runnable exits at its next park or Yield;
//   - one that waits in the model blocking is woken, and exits there;
//   - one that blocks natively, or computes and never calls weft, can't be
//     stopped: the end waits for it.
//
// A deferred call that parks is ended too, so unwinding can't block on a lock
// or channel whose partner is gone.
//
// No coroutine is missed: stopping is set, and then every G is looked at. A G
// that commits its park after the look finds its P's gate set after its commit
// (park0) and is unwound there; the CAS of the commit and the store of the gate
// are both sequentially consistent, so one of the two sees the other. Several
// may try; the Waiter's state lets one win.

// mainEnded begins the end. It runs on g1, deferred.
func (s *Sched) mainEnded() {
	s.doneMain.Store(true)
	s.beginUnwind()
}

// beginUnwind sets stopping and readies all that is parked.
func (s *Sched) beginUnwind() {
	if s.stopping.Swap(true) {
		return
	}
	s.lock.Lock() // no new Ps meanwhile
	for _, pp := range s.allp() {
		pp.setGate()
	}
	s.lock.Unlock()
	s.step(trace.StepUnwind)
	var parked gList
	s.glock.Lock()
	slabs := s.allgs
	s.glock.Unlock()
	for _, slab := range slabs {
		for i := range slab {
			if gp := &slab[i]; gp.unwindClaim() {
				gp.setStatus(Grunnable)
				parked.push(gp)
			}
		}
	}
	if parked.n > 0 {
		s.globrunqputbatch(&parked)
	}
	s.wakep()
	s.breakPoller()
	s.np.calls.wakeAll()
}

// unwindClaim ends gp's wait, if it is parked, in place of whoever would have.
func (gp *G) unwindClaim() bool {
	for {
		w := gp.state.Load()
		if w&waiterParked == 0 {
			return false
		}
		if gp.state.CompareAndSwap(w, w&waiterSeqMask+waiterSeqOne) {
			return true
		}
	}
}

// unwindParked is park0's second look: the unwinder may have looked at gp just
// before its commit.
func (s *Sched) unwindParked(gp *G) {
	if s.stopping.Load() && gp.unwindClaim() {
		gp.setStatus(Grunnable)
		s.globrunqput(gp)
		s.wakep()
	}
}

// checkUnwound ends the runtime when the last coroutine has gone. Called after
// every exit while stopping.
func (s *Sched) checkUnwound() {
	if !s.doneMain.Load() || s.live() != 0 {
		return
	}
	s.unwindMu.Lock()
	defer s.unwindMu.Unlock()
	select {
	case <-s.unwound:
	default:
		close(s.unwound)
	}
}

// live returns how many coroutines have been created and have not ended. While
// others run it is approximate; exits are read first, so it never says 0 while
// one lives that has been created by one that lives. glock keeps pdestroy from
// moving a P's counts, which would be read twice or not at all.
func (s *Sched) live() int64 {
	s.glock.Lock()
	defer s.glock.Unlock()
	exited := s.exited
	for _, pp := range s.allp() {
		exited += pp.stats.exited.Load()
	}
	spawned := s.spawned
	for _, pp := range s.allp() { // anew: there may be new ones by now
		spawned += pp.stats.spawned.Load()
	}
	return int64(spawned - exited)
}

// fail records why the runtime ends and begins the end.
func (s *Sched) fail(err error) {
	first := s.failure.CompareAndSwap(nil, &err)
	if first {
		var p *PanicError
		var d *DeadlockError
		switch {
		case errors.As(err, &p) && s.opts.OnPanic != nil:
			s.opts.OnPanic(p)
		case errors.As(err, &d) && s.opts.OnDeadlock != nil:
			s.opts.OnDeadlock(d)
		}
	}
	if s == defaultRT {
		panic(err) // nobody waits for it to end
	}
	s.beginUnwind()
}

// runtimes are the live ones, for the count of goroutines that weft owns.
var runtimes struct {
	mu   sync.Mutex
	live []*Sched
}

func register(s *Sched) {
	runtimes.mu.Lock()
	runtimes.live = append(runtimes.live, s)
	runtimes.mu.Unlock()
}

func unregister(s *Sched) {
	runtimes.mu.Lock()
	defer runtimes.mu.Unlock()
	for i, r := range runtimes.live {
		if r == s {
			last := len(runtimes.live) - 1
			runtimes.live[i] = runtimes.live[last]
			runtimes.live[last] = nil
			runtimes.live = runtimes.live[:last]
			return
		}
	}
}
