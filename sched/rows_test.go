package sched

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/trace"
)

// What a runtime of this kind does, shown one by one: docs/rows.md says which
// row of the design each test shows.

// Row 10: a program's life, from entry to exit.
func TestBootTakesItsStepsInOrder(t *testing.T) {
	rec := trace.New(trace.Options{})
	var order []string
	err := Run(func() { order = append(order, "main") }, Options{
		Procs: 2, Recorder: rec,
		Init: []func(){func() { order = append(order, "init 1") }, func() { order = append(order, "init 2") }},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Stop(); err != nil {
		t.Fatal(err)
	}
	var steps []trace.Step
	for _, e := range rec.Events() {
		if e.Kind == trace.KBoot {
			steps = append(steps, trace.Step(e.Sub))
		}
	}
	want := []trace.Step{
		trace.StepEntry, trace.StepChecks, trace.StepSchedinit, trace.StepNewprocMain, trace.StepMstart,
		trace.StepRuntimeMain, trace.StepSysmon, trace.StepInit, trace.StepMain, trace.StepMainReturned,
		trace.StepUnwind, trace.StepExit,
	}
	if !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
	if !slices.Equal(order, []string{"init 1", "init 2", "main"}) {
		t.Errorf("called in the order %v", order)
	}
}

// Row 11: the tables are real, and say what is so.
func TestTheTablesSayWhatIsSo(t *testing.T) {
	undisturbed(t, procs(3), func(s *Sched) {
		g1 := Getg()
		var parked, ready slot
		Go(func() { ready.ready(); parked.wait() })
		ready.wait()
		if len(s.allp()) != 3 || s.allm[0] != s.m0 || !s.m0.stk.g0 || s.m0.stk.m != s.m0 {
			t.Errorf("%d Ps; m0 %v of %v, its g0 %t", len(s.allp()), s.m0, s.allm, s.m0.stk.g0)
		}
		for i, pp := range s.allp() {
			if int(pp.id) != i {
				t.Errorf("allp[%d] is p%d", i, pp.id)
			}
		}
		mp := self().m
		if mp.curg != g1 || mp.p == nil || mp.p.m.Load() != mp || g1.ID() != 1 || g1.Status() != Grunning {
			t.Errorf("m%d runs g%d (%v) on %v", mp.id, mp.curg.ID(), g1.Status(), mp.p)
		}
		for !s.othersSleep() { // on their way there
			runtime.Gosched()
		}
		found := map[Status]int{}
		for _, slab := range s.allgs {
			for i := range slab {
				found[slab[i].Status()]++
			}
		}
		if found[Grunning] != 1 || found[Gwaiting] != 1 || found[Grunnable] != 0 {
			t.Errorf("allgs: %v, want one running, one waiting", found)
		}
		s.lock.Lock()
		idle := 0
		for pp := s.pidle; pp != nil; pp = pp.link {
			idle++
		}
		if idle != 2 || int(s.npidle.Load()) != idle {
			t.Errorf("%d idle Ps in the list, %d counted, want 2", idle, s.npidle.Load())
		}
		s.lock.Unlock()
		s.globrunqput(s.newG())
		if s.runq.n == 0 || s.runq.n != int(s.runqsize.Load()) {
			t.Errorf("%d in the global queue, %d counted, want 1", s.runq.n, s.runqsize.Load())
		}
		parked.ready()
	})
}

// othersSleep reports whether all Ms but one sleep, and no more.
func (s *Sched) othersSleep() bool {
	return s.nsleep.Load() == s.nm.Load()-1 && s.npidle.Load() == s.procs.Load()-1 && !s.napping.Load()
}

// Row 13: half of a full queue goes to the global one, the older half.
func TestAFullQueueSendsItsOlderHalfToTheGlobalOne(t *testing.T) {
	s := machine(t, 1)
	mp, pp := s.m0, s.allp()[0]
	var gs []*G
	for range runqsize + 1 {
		gs = append(gs, s.newG())
	}
	for _, gp := range gs {
		mp.runqput(pp, gp, false)
	}
	if n := pp.runq.len(); n != runqsize/2 || pp.stats.overflows.Load() != 1 {
		t.Fatalf("%d local, %d overflows", n, pp.stats.overflows.Load())
	}
	want := append(slices.Clone(gs[:runqsize/2]), gs[runqsize])
	for i, w := range want {
		if gp := s.runq.pop(); gp != w {
			t.Fatalf("global queue, place %d: g%d, want g%d", i, gp.ID(), w.ID())
		}
	}
	s.runqsize.Store(0)
	for i := runqsize / 2; i < runqsize; i++ {
		if gp, _ := pp.runqget(); gp != gs[i] {
			t.Fatalf("local queue: g%d, want g%d", gp.ID(), gs[i].ID())
		}
	}
}

// Row 13: local, then global, then the poller, then another's.
func TestWorkIsTakenLocallyThenGloballyThenFromThePollerThenStolen(t *testing.T) {
	s := machine(t, 2)
	if err := s.netpollinit(); err != nil {
		t.Fatal(err)
	}
	mp := s.newM()
	pp := mp.p
	pp.schedtick = 1 // not the turn of the global queue
	victim := s.allp()[0]
	stolen, local, next, global := s.newG(), s.newG(), s.newG(), s.newG()
	victim.runq.put(stolen)
	polled := parkedReader(t, s)
	pp.runq.put(local)
	pp.runnext.store(next)
	s.globrunqput(global)
	for _, want := range []struct {
		gp   *G
		from trace.Queue
	}{{next, trace.QRunnext}, {local, trace.QLocal}, {global, trace.QGlobal}, {polled, trace.QNetpoll}, {stolen, trace.QSteal}} {
		if gp, from := mp.findNow(); gp != want.gp || from != want.from {
			t.Fatalf("found %v from %v, want g%d from %v", gp, from, want.gp.ID(), want.from)
		}
	}
	if gp, _ := mp.findNow(); gp != nil {
		t.Fatalf("found g%d again", gp.ID())
	}
	mp.stopSpinning()
}

// parkedReader returns a G that waits, committed, for a descriptor that is
// ready.
func parkedReader(t *testing.T, s *Sched) *G {
	t.Helper()
	pd, peer := watchedPair(t, s)
	idle(t, pd)
	gp := s.newG()
	ticket := gp.Begin()
	if parks, err := pd.publish(Reading, &gp.Waiter, ticket, sideWaits, 0); !parks || err != nil {
		t.Fatalf("parks %t, %v", parks, err)
	}
	pd.declare(Reading)
	gp.setStatus(Gwaiting)
	if !gp.commit(ticket) {
		t.Fatal("was ready before")
	}
	s.np.waiters.Add(1)
	t.Cleanup(func() { s.np.waiters.Add(-1) })
	fdWrite(t, peer, "x")
	return gp
}

// Row 13: half of another P's queue is stolen, the older half.
func TestHalfOfAnotherQueueIsStolen(t *testing.T) {
	s := machine(t, 2)
	mp := s.newM()
	victim := s.allp()[0]
	var gs []*G
	for range min(10, runqsize) {
		gs = append(gs, s.newG())
		victim.runq.put(gs[len(gs)-1])
	}
	half := len(gs) / 2
	if gp := mp.stealFrom(mp.p, victim, false); gp != gs[half-1] {
		t.Errorf("runs g%d first, want g%d", gp.ID(), gs[half-1].ID())
	}
	if mp.p.runq.len() != half-1 || victim.runq.len() != half {
		t.Errorf("thief has %d, victim %d, want %d and %d", mp.p.runq.len(), victim.runq.len(), half-1, half)
	}
	if st := &mp.p.stats; st.steals.Load() != 1 || st.stolen.Load() != uint64(half) {
		t.Errorf("%d steals of %d counted", st.steals.Load(), st.stolen.Load())
	}
}

// Row 14: GOMAXPROCS many Ps, the first bound to m0.
func TestThereAreGOMAXPROCSPsAndTheFirstIsM0s(t *testing.T) {
	run(t, Options{}, func() {
		s := Current()
		if s.Procs() != runtime.GOMAXPROCS(0) || len(s.allp()) != s.Procs() {
			t.Errorf("%d Ps in a table of %d, GOMAXPROCS is %d", s.Procs(), len(s.allp()), runtime.GOMAXPROCS(0))
		}
	})
	undisturbed(t, procs(4), func(s *Sched) {
		if mp := self().m; mp != s.m0 || mp.p != s.allp()[0] {
			t.Errorf("main begins on m%d and p%v", mp.id, mp.p)
		}
		s.lock.Lock()
		defer s.lock.Unlock()
		for pp := s.pidle; pp != nil; pp = pp.link {
			if pp.id == 0 {
				t.Error("m0's P stands in the list of idle ones")
			}
		}
	})
}

// Row 14: what a P that is taken away had goes to the others.
func TestWhatARemovedPHadGoesToTheOthers(t *testing.T) {
	watchdog(t)
	var ran atomic.Int64
	run(t, procs(4), func() {
		s := Current()
		var g wg
		for round := range 50 {
			s.SetProcs(4)
			for range 400 { // more than one queue holds
				g.add(1)
				Go(func() { Yield(); ran.Add(1); g.done() })
			}
			s.SetProcs(1 + round%3)
			g.wait()
		}
	})
	if ran.Load() != 50*400 {
		t.Errorf("%d of %d ran", ran.Load(), 50*400)
	}
}

// Row 15: sysmon takes the P of who computes for a second; how long others wait
// for it is told. Nothing here is about timing: the other must run meanwhile, and
// the computation goes on until it has.
func TestOthersRunWhileOneComputesForASecond(t *testing.T) {
	run(t, procs(1), func() {
		s := Current()
		span := time.Second
		if testing.Short() {
			span = 100 * time.Millisecond
		}
		var g wg
		var meanwhile atomic.Int64
		var worst time.Duration
		var done atomic.Bool
		g.add(2)
		Go(func() {
			for begin := time.Now(); time.Since(begin) < span || meanwhile.Load() < 2 && time.Since(begin) < time.Minute; {
			}
			done.Store(true)
			g.done()
		})
		Go(func() {
			for last := time.Now(); !done.Load(); meanwhile.Add(1) {
				now := time.Now()
				worst = max(worst, now.Sub(last))
				last = now
				Yield()
			}
			g.done()
		})
		asked := time.Now()
		Yield() // to who computes
		first := time.Since(asked)
		g.wait()
		if n := meanwhile.Load(); n < 2 || s.ReadStats().Retakes == 0 {
			t.Errorf("the other ran %d times during the computation, %d retakes", n, s.ReadStats().Retakes)
		}
		t.Logf("main waited %v for its turn; then the other ran %d times, at most %v apart", first, meanwhile.Load(), worst)
	})
}

// Row 15: sysmon polls the network when every P is busy.
func TestSysmonPollsWhenNobodyElseDoes(t *testing.T) {
	s := machine(t, 1)
	if err := s.netpollinit(); err != nil {
		t.Fatal(err)
	}
	gp := parkedReader(t, s)
	s.lastpoll.Store(s.Now() + int64(time.Hour)) // just now, for as long as this takes
	s.pollOverdue()
	if s.runqsize.Load() != 0 {
		t.Fatal("polled, though somebody has just now")
	}
	s.lastpoll.Store(s.Now() - int64(forcePreempt))
	s.pollOverdue()
	if got := s.runq.pop(); got != gp || got.Status() != Grunnable {
		t.Errorf("the global queue has %v, want g%d", got, gp.ID())
	}
	s.runqsize.Store(0)
}

// Row 16: who returns falls into goexit, which recycles the G and its stack.
func TestGAndStackAreRecycled(t *testing.T) {
	run(t, procs(1), func() {
		gs, stacks, ids := map[*G]bool{}, map[uintptr]bool{}, map[uint64]bool{}
		var g wg
		for range 100 {
			g.add(1)
			Go(func() {
				gp := Getg()
				gs[gp], stacks[ident.Self()], ids[gp.ID()] = true, true, true
				g.done()
			})
			g.wait()
		}
		if len(gs) != 1 || len(stacks) != 1 {
			t.Errorf("%d Gs and %d stacks for 100 coroutines, one after the other", len(gs), len(stacks))
		}
		if len(ids) != 100 {
			t.Errorf("%d numbers for 100 coroutines", len(ids))
		}
	})
}

// seesG0 is a Chooser that notes where it is called.
type seesG0 struct{ on map[uintptr]bool }

func (c seesG0) Choose(runnable []*G) int {
	c.on[ident.Self()] = Getg() == nil && self() != nil && self().g0
	return 0
}

// Row 17: scheduling code runs on the M's own stack, never on a coroutine's.
func TestSchedulingCodeRunsOnG0(t *testing.T) {
	c := seesG0{map[uintptr]bool{}}
	coroutines := map[uintptr]bool{}
	timerOnG0 := false
	run(t, Options{Procs: 1, Chooser: c, Clock: clock.NewVirtual()}, func() {
		var g wg
		for range 5 {
			g.add(1)
			Go(func() { coroutines[ident.Self()] = true; Yield(); g.done() })
		}
		g.wait()
		var fired slot
		tm := &Timer{F: func(any, uint64) { timerOnG0 = Getg() == nil && self().g0; fired.ready() }}
		tm.Reset(Current(), Current().Now()+1, 0)
		fired.wait()
	})
	if len(c.on) == 0 || !timerOnG0 {
		t.Errorf("the chooser was called on %d stacks, the timer on g0: %t", len(c.on), timerOnG0)
	}
	for stack, g0 := range c.on {
		if !g0 || coroutines[stack] {
			t.Error("the chooser was called on a coroutine's stack")
		}
	}
}

// Row 18: a sleeper waits on a timer and is runnable again when that fires.
func TestASleeperIsWaitingAndThenRunnableAgain(t *testing.T) {
	rec := trace.New(trace.Options{})
	c := clock.NewVirtual()
	err := Run(func() {
		var g wg
		g.add(1)
		Go(func() { Sleep(time.Hour); g.done() })
		g.wait()
	}, Options{Procs: 1, Clock: c, Recorder: rec})
	if stop := rec.Stop(); err != nil || stop != nil {
		t.Fatal(err, stop)
	}
	var life []string
	for _, e := range rec.Events() {
		switch {
		case e.Kind == trace.KGoPark && e.G == 2:
			life = append(life, fmt.Sprintf("park %v %v", trace.Reason(e.Sub), time.Duration(e.A)))
		case e.Kind == trace.KTimer:
			life = append(life, "timer")
		case e.Kind == trace.KGoReady && e.A == 2:
			life = append(life, "ready by "+trace.Cause(e.C).String())
		case e.Kind == trace.KGoStart && e.G == 2:
			life = append(life, "start")
		}
	}
	want := []string{"start", "park sleep 1h0m0s", "timer", "ready by timer", "start"}
	if !slices.Equal(life, want) {
		t.Errorf("%q, want %q", life, want)
	}
}

// Row 20: an M is woken, or started, for an idle P and steals; all Ps come to
// run at the same time.
func TestIdlePsAreGivenMsThatSteal(t *testing.T) {
	watchdog(t)
	const n = 4
	undisturbed(t, procs(n), func(*Sched) { // who can't get a P from sysmon must steal
		var together sync.WaitGroup
		together.Add(n)
		var on sync.Map
		var g wg
		meet := func() {
			on.Store(self().m, self().m.p)
			together.Done()
			together.Wait() // natively: only as many Ms as there are Ps can end this
		}
		for range n - 1 {
			g.add(1)
			Go(func() { meet(); g.done() })
		}
		meet()
		g.wait()
		ms := 0
		on.Range(func(m, p any) bool { ms++; return true })
		if st := Current().ReadStats(); ms != n || st.Steals == 0 || st.Ms < n {
			t.Errorf("ran on %d Ms of %d, %d steals", ms, st.Ms, st.Steals)
		}
	})
}

// Row 12: the same program on local queues and on one shared queue.
func BenchmarkQueues(b *testing.B) {
	for _, p := range []int{1, 2, 8} {
		for _, shared := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dP/shared=%t", p, shared), func(b *testing.B) {
				err := Run(func() {
					var g wg
					for b.Loop() {
						for range 100 {
							g.add(1)
							Go(func() { Yield(); g.done() })
						}
						g.wait()
					}
				}, Options{Procs: p, Shared: shared})
				if err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
