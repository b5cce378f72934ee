package sched

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// Bugs that schedulers of this kind have had. Each test says what it fails on
// when that protection is taken out (tried on a copy). Those of the list that
// have their place elsewhere:
//
//	run queue: lost, doubled, torn, wrapped   TestModelRunq… (and here, at full size)
//	park readied before it is parked          TestModelWaiter (and here, forced)
//	break eaten by a non-blocking poll        poll/polltest (and here, in netpoll)
//	stale event, descriptor's number reused   TestFDStaleEventIsDropped, TestFDSlotsAreRecycled
//	deadline fires while another is set       TestFDDeadlineFiresWhileAnotherIsSet
//
// Where a moment must be hit exactly, the tests don't rely on luck: either they
// do the scheduler's steps by hand (machine), or they act in the middle of one,
// in the clock that it asks there (hookClock).

// watchdog ends a test that hangs.
func watchdog(t *testing.T) {
	t.Helper()
	w := time.AfterFunc(patience, func() {
		buf := make([]byte, 1<<20)
		panic(t.Name() + " hangs\n" + string(buf[:runtime.Stack(buf, true)]))
	})
	t.Cleanup(func() { w.Stop() })
}

// machine makes a runtime whose steps the test takes by hand: it has its Ps and
// m0 on allp[0], in runtime mode, but nobody runs on it. Ms that are started by
// what the test does are real.
func machine(t *testing.T, procs int) *Sched {
	t.Helper()
	watchdog(t)
	s, err := New(Options{Procs: procs, NoDeadlock: true, IO: aPoller()})
	if err != nil {
		t.Fatal(err)
	}
	s.schedinit()
	s.m0.acquirep(s.allp()[0])
	t.Cleanup(s.shutdown)
	return s
}

// aPoller is the model for a test of what has to do with the poller.
func aPoller() string {
	if poll.Pollerless(poll.Default()) {
		return "poll"
	}
	return poll.Default()
}

// newM makes an M, on an idle P if there is one.
func (s *Sched) newM() *M {
	s.lock.Lock()
	defer s.lock.Unlock()
	mp := s.newMLocked()
	if pp := s.pidlegetLocked(); pp != nil {
		mp.acquirep(pp)
	}
	return mp
}

// newG makes a G that does nothing.
func (s *Sched) newG() *G { return s.gnew(func() {}, 0, 0) }

// hookClock calls hook in Now.
type hookClock struct {
	clock.Clock
	hook atomic.Pointer[func()]
}

func (c *hookClock) Now() int64 {
	if h := c.hook.Load(); h != nil {
		(*h)()
	}
	return c.Clock.Now()
}

// elsewhere calls fn on a goroutine of its own and waits for it.
func elsewhere(fn func()) {
	done := make(chan struct{})
	go func() { fn(); close(done) }()
	<-done
}

// Fails when idle doesn't look again (recheck), or does so before it has counted
// itself out of the searchers: whoever added the work saw a searcher and woke
// nobody.
func TestWorkAddedWhileTheLastSearcherStopsIsSeen(t *testing.T) {
	for name, add := range map[string]func(s *Sched, pp *P){
		"local queue":  func(s *Sched, pp *P) { pp.runq.put(s.newG()) },
		"global queue": func(s *Sched, pp *P) { s.globrunqput(s.newG()) },
		"timer": func(s *Sched, pp *P) {
			tm := &Timer{F: func(any, uint64) {}}
			tm.when = 1
			pp.timers.add(tm)
		},
		"fork": func(s *Sched, pp *P) {
			f := &fork{fn: func() {}}
			f.state.Store(forkPending)
			pp.forks.push(f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := machine(t, 2)
			mp := s.newM()
			mp.spinning = true
			mp.naps = napCount // no nap would help it out
			s.nmspinning.Add(1)
			add(s, s.allp()[0]) // it saw a searcher: no wakep
			gp, _, ok := mp.idle()
			if !ok || mp.p == nil {
				t.Fatalf("gave up: %v, P %v", gp, mp.p)
			}
			if gp == nil && !mp.spinning {
				t.Error("looks again, but isn't counted as a searcher")
			}
			if mp.spinning {
				mp.stopSpinning()
			}
			if n := s.nmspinning.Load(); gp == nil && n != 0 {
				t.Errorf("%d searchers counted", n)
			}
		})
	}
}

// Fails when found doesn't call wakep.
func TestTheLastSearcherThatFindsWorkWakesAnother(t *testing.T) {
	for _, searchers := range []int32{1, 2} {
		s := machine(t, 3)
		mp := s.newM()
		mp.spinning = true
		s.nmspinning.Add(searchers)
		mp.found()
		if woken := s.wakeups.Load(); woken != uint64(b2u(searchers == 1)) {
			t.Errorf("one of %d searchers found work, %d were woken", searchers, woken)
		}
		if mp.spinning {
			t.Error("still counted as a searcher")
		}
		s.nmspinning.Add(1 - searchers)
	}
}

// Work is brought from outside at each moment, one after the other, at which an
// M on its way to sleep asks the clock, and when all sleep. Fails (hangs) when
// newprocForeign doesn't wake.
func TestSubmitAtEachMomentOfGoingToSleep(t *testing.T) {
	for _, p := range []int{1, 2, 4} {
		for _, network := range []bool{false, true} {
			watchdog(t)
			c := &hookClock{Clock: clock.NewReal()}
			run(t, Options{Procs: p, Clock: c, NoDeadlock: true}, func() {
				s := Current()
				if network {
					if err := s.netpollinit(); err != nil {
						t.Error(err)
					}
				}
				far := &Timer{F: func(any, uint64) {}}
				far.Reset(s, s.Now()+int64(time.Hour), 0)
				for moment := range int64(25) {
					submitAt(s, c, moment%13)
				}
				far.Stop()
			})
		}
	}
}

// submitAt parks; a coroutine created from outside at the n-th moment, or when
// all sleep before it came to that, readies it.
func submitAt(s *Sched, c *hookClock, n int64) {
	w := Self()
	t := w.Begin()
	var left atomic.Int64
	left.Store(n + 1)
	submit := func() { s.Newproc(func() { w.Ready(t, 0) }, 0) }
	hook := func() {
		if left.Add(-1) == 0 {
			elsewhere(submit)
		}
	}
	go func() {
		for !s.quiescent() {
			if left.Load() <= 0 {
				return
			}
			runtime.Gosched()
		}
		for k := left.Load(); k > 0; k = left.Load() {
			if left.CompareAndSwap(k, 0) {
				submit()
				return
			}
		}
	}()
	c.hook.Store(&hook)
	w.Park(t, trace.WaitUser, nil)
	c.hook.Store(nil)
}

// The wake-up comes after Park has looked and before it commits: while it
// records its event. Fails (hangs) when commit parks whatever the ticket, or
// park0 forgets a G that had been readied.
func TestReadyBetweenLookAndCommitOfAPark(t *testing.T) {
	watchdog(t)
	for _, p := range []int{1, 2} {
		var hook atomic.Pointer[func()]
		rec := trace.New(trace.Options{Clock: func() int64 {
			if h := hook.Load(); h != nil {
				(*h)()
			}
			return 1
		}})
		forced := 0
		err := Run(func() {
			gp := Getg()
			for range 100 {
				ticket := gp.Begin()
				h := func() {
					if Getg() != gp { // another P's event
						return
					}
					hook.Store(nil)
					elsewhere(func() {
						if gp.Ready(ticket, 7) {
							forced++
						}
					})
				}
				hook.Store(&h)
				if got := gp.Park(ticket, trace.WaitUser, nil); got != 7 {
					t.Errorf("outcome %d, want 7", got)
				}
			}
		}, Options{Procs: p, Recorder: rec})
		if stop := rec.Stop(); err != nil || stop != nil {
			t.Error(err, stop)
		}
		if forced != 100 {
			t.Errorf("%d of 100 were readied in time", forced)
		}
	}
}

// Two coroutines ready each other for ever; who waits behind them must get its
// turn. Fails when nothing caps runnext's streak (local), or the global queue is
// looked at only when the local one is empty.
func TestAPairThatReadiesEachOtherStarvesNobody(t *testing.T) {
	const enough = 100_000
	for name, start := range map[string]func(s *Sched, fn func()){
		"local queue":  func(s *Sched, fn func()) { Go(fn) },
		"global queue": func(s *Sched, fn func()) { s.globrunqput(s.gnew(fn, 0, 0)) },
	} {
		run(t, procs(1), func() {
			var g wg
			var a, b slot
			rounds, stop := 0, false
			pair := func(mine, other *slot) {
				for !stop && rounds < enough {
					mine.wait()
					if rounds++; rounds == 100 {
						start(Current(), func() { stop = true; g.done() })
					}
					other.ready()
				}
				other.ready()
				g.done()
			}
			g.add(3)
			Go(func() { pair(&a, &b) })
			Go(func() { pair(&b, &a) })
			a.ready()
			g.wait()
			if rounds >= enough {
				t.Errorf("%s: waited for %d hand-overs", name, rounds)
			}
		})
	}
}

// Fails when takeNext doesn't hold the word it saw, or doesn't put it back.
func TestRunnextIsTakenOnlyFromWhoStillRunsTheSame(t *testing.T) {
	s := machine(t, 1)
	pp, mp, gp := s.allp()[0], s.m0, s.newG()
	pp.runnext.store(gp)
	if stealNext(pp) != nil {
		t.Error("taken from an owner in runtime mode")
	}
	mp.userword = pword(mp.id, 1, modeUser)
	mp.leave(pp)
	seen := pp.word.Load()
	mp.enter()
	mp.userword = pword(mp.id, 2, modeUser) // the next coroutine runs
	mp.leave(pp)
	if pp.takeNext(seen) != nil {
		t.Error("taken by a word of an earlier coroutine")
	}
	if got := stealNext(pp); got != gp {
		t.Errorf("not taken: %v", got)
	}
	if pp.word.Load() != mp.userword || mp.enter() != pp {
		t.Error("the word was not put back")
	}
	if pp.runnext.load() != nil {
		t.Error("taken, and still there")
	}
}

// Fails when len reads tail before head (0), or doesn't look at head again
// (more than there ever were).
func TestLenIsNeverTornNorFalselyZero(t *testing.T) {
	var q runq
	var gs [4]G
	q.head.Store(0xFFFFFF00)
	q.tail.Store(0xFFFFFF00)
	q.put(&gs[0])
	q.put(&gs[1])
	var stop atomic.Bool
	var wait sync.WaitGroup
	wait.Go(func() {
		defer stop.Store(true)
		for i := range 300_000 {
			q.put(&gs[i%4])
			q.get()
			if i%1000 == 0 {
				runtime.Gosched()
			}
		}
	})
	for !stop.Load() {
		if n := q.len(); n < 2 || n > 3 {
			t.Fatalf("%d queued, there are 2 or 3", n)
		}
	}
	wait.Wait()
}

// The queue at its full size, with thieves on other threads, across the wrap of
// its counters. Fails when steal stores head instead of the CAS.
func TestRunqHammerAcrossTheWrap(t *testing.T) {
	const total = 200_000
	gs := make([]G, total)
	places := make([]atomic.Int32, total)
	for i := range gs {
		gs[i].goid.Store(uint64(i))
	}
	took := func(gp *G) { places[gp.ID()].Add(1) }
	var q runq
	q.head.Store(0xFFFFFFFF - total/4)
	q.tail.Store(0xFFFFFFFF - total/4)
	var done atomic.Bool
	var thieves sync.WaitGroup
	for range 2 {
		thieves.Go(func() {
			var own runq
			for !done.Load() || q.len() > 0 {
				gp, _ := own.steal(&q)
				for ; gp != nil; gp = own.get() {
					took(gp)
				}
			}
		})
	}
	for i := range gs {
		for !q.put(&gs[i]) {
			var half gList
			if q.takeHalf(&half) {
				for gp := half.pop(); gp != nil; gp = half.pop() {
					took(gp)
				}
			}
		}
		if i%3 == 0 {
			if gp := q.get(); gp != nil {
				took(gp)
			}
		}
	}
	done.Store(true)
	thieves.Wait()
	for i := range places {
		if n := places[i].Load(); n != 1 {
			t.Fatalf("g%d was taken %d times", i, n)
		}
	}
}

// Fails when retakeFrom stores instead of the CAS, or enter doesn't notice.
func TestRetakeOfAPThatWasHandedOnFails(t *testing.T) {
	s := machine(t, 1)
	pp, m0, m1 := s.allp()[0], s.m0, s.newM()
	m0.userword = pword(m0.id, 1, modeUser)
	m0.leave(pp)
	stale := pp.word.Load()
	m0.enter()
	if pp.retakeFrom(pp.word.Load()) {
		t.Fatal("retaken from an owner in runtime mode")
	}
	m0.userword = pword(m0.id, 2, modeUser)
	m0.leave(pp)
	if pp.retakeFrom(stale) {
		t.Fatal("retaken by a word of an earlier coroutine")
	}
	seen := pp.word.Load()
	if !pp.retakeFrom(seen) {
		t.Fatal("not retaken from user mode")
	}
	m1.acquirep(pp)
	m1.leave(pp)
	if pp.retakeFrom(seen) {
		t.Fatal("retaken from another owner than the one seen")
	}
	if got := m0.enter(); got != nil || m0.p != nil {
		t.Fatalf("who lost its P entered with %v", got)
	}
	if m1.enter() != pp {
		t.Fatal("the new owner was disturbed")
	}
}

// The M that sleeps in the poller finds a coroutine, but all Ps have been taken
// meanwhile. Fails (hangs) when it doesn't queue that globally.
func TestACoroutineFoundWithoutAnIdlePIsNotLost(t *testing.T) {
	s := machine(t, 1)
	if err := s.netpollinit(); err != nil {
		t.Fatal(err)
	}
	gp := parkedReader(t, s)
	mp := s.newM()
	s.lastpoll.Store(0)
	s.mwg.Go(func() { mp.sleepInPoller() })
	for s.runqsize.Load() == 0 {
		runtime.Gosched()
	}
	s.lock.Lock()
	got := s.runq.pop()
	s.runqsize.Store(0)
	s.lock.Unlock()
	if got != gp || mp.p != nil {
		t.Errorf("the global queue has %v, the M %v", got, mp.p)
	}
}

// The last P at work is handed off while no M is in the poller: one must go
// there. Fails (hangs) when it is just put on the idle list.
func TestHandingOffTheLastPLeavesSomebodyInThePoller(t *testing.T) {
	s := machine(t, 2)
	if err := s.netpollinit(); err != nil {
		t.Fatal(err)
	}
	if s.npidle.Load() != 1 || s.lastpoll.Load() == 0 {
		t.Fatal("p1 is not idle, or somebody polls")
	}
	s.handoffp(s.m0.releasep())
	for s.lastpoll.Load() != 0 {
		runtime.Gosched()
	}
}

// A timer that is earlier than all others is armed from outside, between the
// moment when the M that goes to sleep has published until when and its sleep,
// and when it sleeps. Fails (hangs) when Reset doesn't break the sleep, or the
// wake of a sleep not yet begun isn't kept.
func TestAnEarlierTimerReachesWhoSleeps(t *testing.T) {
	for _, p := range []int{1, 2} {
		for _, network := range []bool{false, true} {
			watchdog(t)
			c := &hookClock{Clock: clock.NewReal()}
			run(t, Options{Procs: p, Clock: c}, func() {
				s := Current()
				if network {
					if err := s.netpollinit(); err != nil {
						t.Error(err)
					}
				}
				far := &Timer{F: func(any, uint64) {}}
				far.Reset(s, s.Now()+int64(time.Hour), 0)
				for i := range 40 {
					armEarly(s, c, i%2 == 0)
				}
				far.Stop()
			})
		}
	}
}

func armEarly(s *Sched, c *hookClock, forced bool) {
	var woken slot
	early := &Timer{F: func(any, uint64) { woken.ready() }}
	var once sync.Once
	arm := func() { once.Do(func() { early.Reset(s, s.clock.(*hookClock).Clock.Now()+1, 0) }) }
	hook := func() {
		if s.pollUntil.Load() != 0 {
			c.hook.Store(nil)
			elsewhere(arm)
		}
	}
	if forced {
		c.hook.Store(&hook)
	} else {
		go func() {
			for !s.quiescent() || s.pollUntil.Load() == 0 {
				runtime.Gosched()
			}
			arm()
		}()
	}
	woken.wait()
	c.hook.Store(nil)
}

// Fails (hangs) when the non-blocking poll takes the wake-up with it.
func TestABreakIsNotEatenByANonBlockingPoll(t *testing.T) {
	s := machine(t, 1)
	if err := s.netpollinit(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s.netpollBreak()
		s.netpoll(0)
		s.netpoll(int64(time.Hour))
	}
}

// Fails (hangs) when pdestroy drops the timers, or one is armed on a P that has
// gone.
func TestTimersOfARemovedPFire(t *testing.T) {
	watchdog(t)
	var fired []int
	run(t, Options{Procs: 4, Clock: clock.NewVirtual()}, func() {
		s := Current()
		var g wg
		g.add(8)
		arm := func(ts *timers, i int) {
			tm := &Timer{when: int64(time.Hour) * int64(i+1), F: func(any, uint64) {
				fired = append(fired, i)
				g.done()
			}}
			if !ts.add(tm) {
				tm.Reset(s, tm.when, 0)
			}
		}
		old := s.allp()
		for i, pp := range old {
			arm(&pp.timers, 2*i)
		}
		s.SetProcs(1)
		Yield() // now the P that main ran on has gone too, if it had to
		for i, pp := range old {
			if (i > 0) != pp.dead.Load() {
				t.Errorf("p%d is dead: %t", i, i == 0)
			}
			arm(&pp.timers, 2*i+1)
		}
		s.SetProcs(4) // others, with the same numbers
		g.wait()
	})
	if !slices.IsSorted(fired) || len(fired) != 8 {
		t.Errorf("fired %v", fired)
	}
}

// loseP is what sysmon does to a coroutine that takes too long.
func loseP() {
	mp := self().m
	if pp := mp.p; pp != nil && pp.retakeFrom(pp.word.Load()) {
		mp.sched.handoffp(pp)
	}
}

// A coroutine whose P has been given to another M ends, in every way, or calls
// into the runtime, in every way. Fails when goexit0 or newproc1 rely on a P, or
// who comes back from a call without a P isn't queued globally.
func TestACoroutineThatLostItsPEndsAndCallsAsAnyOther(t *testing.T) {
	watchdog(t)
	calls := []func(){
		func() {},
		Yield,
		runtime.Goexit,
		func() { defer func() { _ = recover() }(); panic(errBoom) },
		func() { Sleep(1) },
		func() { var s slot; s.ready(); s.wait() },
		func() { var s slot; Go(s.ready); s.wait() },
		func() { var n wg; n.add(1); Go(n.done); n.wait() },
		func() { Do([]func(){Yield, func() {}, loseP}) },
	}
	for _, p := range []int{1, 2, 4} {
		var ended atomic.Int64
		var moved atomic.Int64
		run(t, procs(p), func() {
			var g wg
			for i := range 50 * len(calls) {
				g.add(1)
				Go(func() {
					defer func() { ended.Add(1); g.done() }()
					first := self().m
					loseP()
					calls[i%len(calls)]()
					loseP()
					moved.Add(int64(b2u(self().m != first)))
				})
			}
			g.wait()
		})
		if ended.Load() != int64(50*len(calls)) || moved.Load() == 0 {
			t.Errorf("%d Ps: %d ended, %d had moved to another M", p, ended.Load(), moved.Load())
		}
	}
}

// What a coroutine calls in Block may park, and come back on another M. Fails
// when Block goes on with the M that it began on.
func TestBlockMayParkAndComeBackOnAnotherM(t *testing.T) {
	watchdog(t)
	for _, p := range []int{1, 2, 4} {
		run(t, procs(p), func() {
			var g wg
			for range 500 {
				g.add(1)
				Go(func() {
					loseP()
					Block(func() { Yield(); loseP(); Yield() })
					g.done()
				})
			}
			g.wait()
		})
	}
}

// Fails when a Goexit or a panic is carried out on the M that created the stack,
// or takes the M that runs it along.
func TestGoexitAndPanicOnAnotherMThanWhereItBegan(t *testing.T) {
	for _, end := range []func(){runtime.Goexit, func() { panic(errBoom) }} {
		watchdog(t)
		deferred := false
		func() {
			defer func() {
				if v := recover(); v != nil {
					if err, ok := v.(error); !ok || !errors.Is(err, errBoom) {
						t.Errorf("recovered %v", v)
					}
				}
			}()
			run(t, procs(1), func() {
				var g wg
				g.add(2)
				var left atomic.Bool
				Go(func() { // takes the P that the other loses
					defer g.done()
					for !left.Load() {
						Yield()
					}
				})
				Go(func() {
					defer g.done()
					defer func() { deferred = true; left.Store(true) }()
					for first := self().m; self().m == first; {
						loseP()
						Yield()
					}
					end()
				})
				g.wait()
				for range 100 { // all Ms are still there
					g.add(1)
					Go(g.done)
				}
				g.wait()
			})
		}()
		if !deferred {
			t.Error("its deferred calls didn't run")
		}
	}
}
