package sched

import (
	"sync/atomic"

	"github.com/weftgo/weft/trace"
)

// Timers. Each P has a heap of its own, so arming one touches nothing shared;
// whoever looks for work runs the expired timers of its own P, and a thief
// those of others.
//
// A Timer is in at most one heap. Its ts says which; ts and i change only under
// that heap's lock, and from nil to a heap only under the Timer's own lock:
//
//	arm:    t.mu, then the heap's mu         disarm: t.mu, then the heap's mu
//	fire:   the heap's mu only (t.ts becomes nil under it)
//	move:   both heaps' mu, in order of address of their Ps (procresize)
//
// So arm and disarm read ts, lock that heap and look again.
//
// No wake-up is lost: arming publishes when0 first and then looks for somebody
// who sleeps in the poller past it (wakeForTimer); who goes to sleep there says
// so first and then looks at every when0 (publishUntil). One of the two sees
// the other; timer_model_test.go tries every order.

// Timer calls F(Arg, Seq) once it is due, in runtime mode on g0 (or on the
// goroutine that polls for a runtime without Ps to spare): F must not park or
// block. The zero value is a stopped timer. F, Arg and Seq are set before the
// first Reset and changed only while it is stopped.
type Timer struct {
	F   func(arg any, seq uint64)
	Arg any
	Seq uint64

	mu Lock
	ts atomic.Pointer[timers]

	// Guarded by the lock of the heap that it is in.
	i      int
	when   int64
	period int64
}

type timerEntry struct {
	when int64
	t    *Timer
}

type timers struct {
	when0 atomic.Int64 // earliest, 0 for none
	mu    Lock
	heap  []timerEntry // 4-ary, by when
	dead  bool         // its P is gone
}

// Reset arms t on s for the time when (on s.Now's scale), and then every period
// nanoseconds if period is positive. It reports whether t was armed before. It
// may be called from anywhere, by several at once.
func (t *Timer) Reset(s *Sched, when, period int64) bool {
	if t.F == nil {
		panic("sched: Timer without F")
	}
	if when <= 0 {
		when = 1 // 0 means none
	}
	t.mu.Lock()
	was := t.disarmLocked()
	t.when, t.period = when, period
	s.addTimer(t)
	t.mu.Unlock()
	s.wakeForTimer(when)
	return was
}

// Stop disarms t and reports whether it was armed. False means that it has
// fired (F may still be running), or was never armed.
func (t *Timer) Stop() bool {
	t.mu.Lock()
	was := t.disarmLocked()
	t.mu.Unlock()
	return was
}

// Armed reports whether t is waiting to fire.
func (t *Timer) Armed() bool { return t.ts.Load() != nil }

func (t *Timer) disarmLocked() bool {
	for {
		ts := t.ts.Load()
		if ts == nil {
			return false
		}
		ts.mu.Lock()
		if t.ts.Load() == ts {
			ts.removeLocked(t.i)
			t.ts.Store(nil)
			ts.publishLocked()
			ts.mu.Unlock()
			return true
		}
		ts.mu.Unlock()
	}
}

// addTimer puts t into the heap of the caller's P if it has one, else of some P.
func (s *Sched) addTimer(t *Timer) {
	var ts *timers
	if st := self(); st != nil && st.m.sched == s && st.m.p != nil {
		ts = &st.m.p.timers
	} else {
		ts = &s.allp()[0].timers
	}
	for !ts.add(t) {
		ts = &s.allp()[0].timers // allp[0] never dies
	}
}

func (ts *timers) add(t *Timer) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.dead {
		return false
	}
	ts.insertLocked(t)
	ts.publishLocked()
	return true
}

// run fires what is due at now. It returns how many fired.
func (ts *timers) run(now int64, mp *M) (fired int) {
	for {
		w := ts.when0.Load()
		if w == 0 || w > now {
			return fired
		}
		ts.mu.Lock()
		if len(ts.heap) == 0 || ts.heap[0].when > now {
			ts.mu.Unlock()
			return fired
		}
		t := ts.heap[0].t
		f, arg, seq, when := t.F, t.Arg, t.Seq, t.when
		if t.period > 0 {
			t.when += t.period * (1 + (now-t.when)/t.period)
			ts.heap[0].when = t.when
			ts.downLocked(0)
		} else {
			ts.removeLocked(0)
			t.ts.Store(nil)
		}
		ts.publishLocked()
		ts.mu.Unlock()
		fired++
		mp.emit(trace.KTimer, 0, 0, uint64(when), uint64(now-when), 0)
		f(arg, seq)
	}
}

// moveTo gives all timers to another heap, and ts to nobody.
func (ts *timers) moveTo(to *timers) {
	ts.mu.Lock()
	to.mu.Lock()
	for _, e := range ts.heap {
		to.insertLocked(e.t)
	}
	clear(ts.heap)
	ts.heap = nil
	ts.dead = true
	ts.publishLocked()
	to.publishLocked()
	to.mu.Unlock()
	ts.mu.Unlock()
}

// drop forgets all timers, at the end of the runtime.
func (ts *timers) drop() {
	ts.mu.Lock()
	for _, e := range ts.heap {
		e.t.ts.Store(nil)
	}
	clear(ts.heap)
	ts.heap = nil
	ts.publishLocked()
	ts.mu.Unlock()
}

func (ts *timers) publishLocked() {
	w := int64(0)
	if len(ts.heap) > 0 {
		w = ts.heap[0].when
	}
	ts.when0.Store(w)
}

func (ts *timers) insertLocked(t *Timer) {
	ts.heap = append(ts.heap, timerEntry{t.when, t})
	t.i = len(ts.heap) - 1
	t.ts.Store(ts)
	ts.upLocked(t.i)
}

func (ts *timers) removeLocked(i int) {
	last := len(ts.heap) - 1
	if i != last {
		ts.heap[i] = ts.heap[last]
		ts.heap[i].t.i = i
	}
	ts.heap[last] = timerEntry{}
	ts.heap = ts.heap[:last]
	if i != last {
		ts.downLocked(ts.upLocked(i))
	}
}

func (ts *timers) upLocked(i int) int {
	h := ts.heap
	e := h[i]
	for i > 0 {
		p := (i - 1) / 4
		if h[p].when <= e.when {
			break
		}
		h[i] = h[p]
		h[i].t.i = i
		i = p
	}
	h[i] = e
	e.t.i = i
	return i
}

func (ts *timers) downLocked(i int) {
	h := ts.heap
	e := h[i]
	for {
		c := 4*i + 1
		if c >= len(h) {
			break
		}
		for k := c + 1; k < min(c+4, len(h)); k++ {
			if h[k].when < h[c].when {
				c = k
			}
		}
		if h[c].when >= e.when {
			break
		}
		h[i] = h[c]
		h[i].t.i = i
		i = c
	}
	h[i] = e
	e.t.i = i
}

// nextTimer returns when the earliest timer of all Ps is due, 0 for none.
func (s *Sched) nextTimer() int64 {
	next := int64(0)
	for _, pp := range s.allp() {
		model()
		if w := pp.timers.when0.Load(); w != 0 && (next == 0 || w < next) {
			next = w
		}
	}
	return next
}
