package sched

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/trace"
)

// wg is a WaitGroup on the waiter protocol, enough for these tests.
type wg struct {
	mu Lock
	n  int
	w  *Waiter
	t  Ticket
}

func (g *wg) add(n int) {
	g.mu.Lock()
	g.n += n
	g.mu.Unlock()
}

func (g *wg) done() {
	g.mu.Lock()
	g.n--
	w, t := g.w, g.t
	last := g.n == 0 && w != nil
	g.mu.Unlock()
	if last {
		w.Ready(t, 0)
	}
}

func (g *wg) wait() {
	w := Self()
	g.mu.Lock()
	t := w.Begin()
	if g.n == 0 {
		g.mu.Unlock()
		return
	}
	g.w, g.t = w, t
	g.mu.Unlock()
	w.Park(t, trace.WaitUser, nil)
}

// run is Run, and a check that it leaves no goroutine behind.
func run(t testing.TB, o Options, main func()) {
	t.Helper()
	before := othersGoroutines()
	if err := Run(main, o); err != nil {
		t.Fatal(err)
	}
	eventually(t, fmt.Sprint("no more goroutines than the ", before, " of before are left"), func() bool {
		return othersGoroutines() <= before
	})
}

// undisturbed is run, without a sysmon that takes a P from a thread that the
// system doesn't let run for a while.
func undisturbed(t *testing.T, o Options, main func(s *Sched)) {
	t.Helper()
	for disturbed := true; disturbed; {
		run(t, o, func() {
			s := Current()
			s.stopSysmon()
			if disturbed = s.retakes.Load() > 0; !disturbed {
				main(s)
			}
		})
	}
}

// patience is how long a test waits for what must come. It is only there to end
// a test that hangs, which is how a lost wake-up shows.
const patience = 4 * time.Minute

// eventually waits until ok, for what nothing else tells of.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			panic(t.Name() + ": never: " + what + "\n" + string(buf[:runtime.Stack(buf, true)]))
		}
		Yield()
		time.Sleep(50 * time.Microsecond)
	}
}

// othersGoroutines counts those that no live runtime owns.
func othersGoroutines() int {
	own, _ := ownGoroutines()
	return runtime.NumGoroutine() - own
}

func procs(n int) Options { return Options{Procs: n} }

func TestEveryCoroutineRunsOnceAndIsGoneAfterRun(t *testing.T) {
	for _, p := range []int{1, 2, 8} {
		var ran atomic.Int64
		run(t, procs(p), func() {
			var g wg
			for range 10 {
				g.add(1)
				Go(func() {
					for range 1000 {
						g.add(1)
						Go(func() { ran.Add(1); g.done() })
					}
					g.done()
				})
			}
			g.wait()
		})
		if ran.Load() != 10000 {
			t.Fatalf("%d Ps: %d of 10000 ran", p, ran.Load())
		}
	}
}

func TestParkAndReadyHammer(t *testing.T) {
	const pairs, rounds = 16, 2000
	for _, p := range []int{1, 2, 8} {
		run(t, procs(p), func() {
			var g wg
			for range pairs {
				g.add(2)
				var a, b slot
				Go(func() { defer g.done(); bounce(&a, &b, rounds) })
				Go(func() { defer g.done(); bounce(&b, &a, rounds) })
				a.ready()
			}
			g.wait()
		})
	}
}

// slot is a binary semaphore on the waiter protocol.
type slot struct {
	mu   Lock
	full bool
	w    *Waiter
	t    Ticket
}

func (s *slot) ready() {
	s.mu.Lock()
	w, t := s.w, s.t
	s.w = nil
	if w == nil {
		s.full = true
	}
	s.mu.Unlock()
	if w != nil {
		w.Ready(t, 0)
	}
}

func (s *slot) wait() {
	s.mu.Lock()
	if s.full {
		s.full = false
		s.mu.Unlock()
		return
	}
	w := Self()
	t := w.Begin()
	s.w, s.t = w, t
	s.mu.Unlock()
	w.Park(t, trace.WaitUser, nil)
	w.Release()
}

func bounce(mine, other *slot, n int) {
	for range n {
		mine.wait()
		other.ready()
	}
}

func TestCoroutinesAndGoroutinesWakeEachOther(t *testing.T) {
	for _, p := range []int{1, 2} {
		run(t, Options{Procs: p}, func() {
			var a, b slot
			var native sync.WaitGroup
			native.Go(func() { bounce(&a, &b, 3000) })
			a.ready()
			for range 3000 {
				b.wait()
				a.ready()
			}
			Block(native.Wait)
		})
	}
}

func TestSleepingCostsNoTimeOnTheVirtualClock(t *testing.T) {
	for _, p := range []int{1, 4} {
		c := clock.NewVirtual()
		var order []int
		var mu sync.Mutex
		start := time.Now()
		run(t, Options{Procs: p, Clock: c}, func() {
			var g wg
			for i := range 10 {
				g.add(1)
				Go(func() {
					Sleep(time.Duration(10-i) * time.Hour)
					mu.Lock()
					order = append(order, i)
					mu.Unlock()
					g.done()
				})
			}
			g.wait()
		})
		if got := time.Duration(c.Now()); got != 10*time.Hour {
			t.Fatalf("the clock stands at %v, want 10h", got)
		}
		for k, i := range order {
			if i != 9-k {
				t.Fatalf("woke in the order %v", order)
			}
		}
		if time.Since(start) > time.Minute {
			t.Fatal("it took real time")
		}
	}
}

func TestRunUnwindsWhatIsLeft(t *testing.T) {
	for _, p := range []int{1, 2, 8} {
		var deferred, notReached atomic.Int64
		var started wg
		run(t, procs(p), func() {
			started.add(300)
			for i := range 300 {
				Go(func() {
					defer deferred.Add(1)
					defer func() { // a deferred call that parks must not hang the end
						var s slot
						s.wait()
						notReached.Add(1)
					}()
					started.done()
					switch i % 3 {
					case 0:
						var s slot
						s.wait()
					case 1:
						Sleep(time.Hour)
					case 2:
						for {
							Yield()
						}
					}
					notReached.Add(1)
				})
			}
			started.wait()
		})
		if deferred.Load() != 300 || notReached.Load() != 0 {
			t.Fatalf("%d Ps: %d of 300 unwound, %d ran on", p, deferred.Load(), notReached.Load())
		}
	}
}

func TestGoexitEndsOneCoroutineAndNobodyElse(t *testing.T) {
	var deferred, after atomic.Int64
	run(t, procs(2), func() {
		var g wg
		for range 200 {
			g.add(1)
			Go(func() {
				defer g.done()
				defer deferred.Add(1)
				Yield()
				runtime.Goexit()
			})
		}
		g.wait()
		for range 200 {
			g.add(1)
			Go(func() { after.Add(1); g.done() })
		}
		g.wait()
	})
	if deferred.Load() != 200 || after.Load() != 200 {
		t.Fatalf("%d deferred calls, %d coroutines afterwards", deferred.Load(), after.Load())
	}
}

//go:noinline
func explodingCoroutine() { panic(errBoom) }

var errBoom = errors.New("boom")

func TestPanicComesOutOfRunWithTheCoroutinesOwnStack(t *testing.T) {
	unwound := false
	defer func() {
		p, ok := recover().(*PanicError)
		if !ok || !errors.Is(p, errBoom) {
			t.Fatalf("got %v, want a PanicError of boom", p)
		}
		for _, want := range []string{"explodingCoroutine", "created by g1", "life_test.go", "g2"} {
			if !strings.Contains(p.Error(), want) {
				t.Errorf("the report has no %q:\n%s", want, p.Error())
			}
		}
		if !unwound {
			t.Error("main was not unwound")
		}
	}()
	_ = Run(func() {
		defer func() { unwound = true }()
		newprocHere(explodingCoroutine)
		var s slot
		s.wait()
	}, procs(1))
}

//go:noinline
func newprocHere(fn func()) {
	var pc [1]uintptr
	runtime.Callers(1, pc[:])
	Go(fn)
}

func TestDeadlockIsReportedWithEveryCoroutine(t *testing.T) {
	for _, p := range []int{1, 2} {
		deferred := false
		err := Run(func() {
			defer func() { deferred = true }()
			newprocHere(waitForNobody)
			waitForNobody()
		}, procs(p))
		var d *DeadlockError
		if !errors.As(err, &d) || len(d.Parked) != 2 {
			t.Fatalf("got %v, want a deadlock of two", err)
		}
		for _, want := range []string{"waitForNobody", "g1 ", "g2 ", "created by g1", "[user"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the report has no %q:\n%s", want, err)
			}
		}
		if !deferred {
			t.Error("the parked coroutines were not unwound")
		}
	}
}

//go:noinline
func waitForNobody() {
	var s slot
	s.wait()
}

func TestNoDeadlockIsReportedWhileAGoroutineCanWakeSomebody(t *testing.T) {
	var s slot
	hold := make(chan struct{})
	go func() {
		<-hold
		s.ready()
	}()
	run(t, procs(2), func() {
		time.AfterFunc(50*time.Millisecond, func() { close(hold) })
		s.wait()
	})
}

func TestNativeLockHeldAcrossAParkDoesNotDeadlock(t *testing.T) {
	run(t, procs(1), func() {
		var mu sync.Mutex
		var s slot
		var g wg
		g.add(2)
		mu.Lock()
		Go(func() { // blocks its M natively: sysmon takes the P away
			mu.Lock()
			g.done()
			mu.Unlock()
		})
		Go(func() { s.ready(); g.done() })
		s.wait() // parks with the native lock held
		mu.Unlock()
		g.wait()
	})
}

func TestALongComputationDoesNotKeepOthersFromRunning(t *testing.T) {
	run(t, procs(1), func() {
		var stop atomic.Bool
		var g wg
		g.add(2)
		Go(func() {
			for !stop.Load() { // never enters the runtime
			}
			g.done()
		})
		Go(func() { stop.Store(true); g.done() })
		g.wait()
	})
}

func TestBlockHandsThePOffAtOnce(t *testing.T) {
	run(t, procs(1), func() {
		native := make(chan struct{})
		var g wg
		g.add(1)
		Go(func() { close(native); g.done() })
		Block(func() { <-native }) // would wait for sysmon without the hand-off
		g.wait()
		if s := Current().ReadStats(); s.Handoffs == 0 {
			t.Error("no hand-off was counted")
		}
	})
}

func TestProcresizeWhileRunning(t *testing.T) {
	run(t, procs(1), func() {
		var g wg
		stop := false
		var mu sync.Mutex
		for range 50 {
			g.add(1)
			Go(func() {
				defer g.done()
				for {
					mu.Lock()
					s := stop
					mu.Unlock()
					if s {
						return
					}
					Sleep(time.Microsecond)
					Yield()
				}
			})
		}
		s := Current()
		for i := range 60 {
			n := []int{4, 1, 8, 2, 3}[i%5]
			s.SetProcs(n)
			if s.Procs() != n {
				t.Errorf("%d Ps, want %d", s.Procs(), n)
			}
			Sleep(200 * time.Microsecond)
		}
		mu.Lock()
		stop = true
		mu.Unlock()
		g.wait()
	})
}

func TestDoRunsEveryFunctionOnce(t *testing.T) {
	var fib func(n int) int
	fib = func(n int) int {
		if n < 2 {
			return n
		}
		var r [2]int
		Do([]func(){func() { r[0] = fib(n - 1) }, func() { r[1] = fib(n - 2) }})
		return r[0] + r[1]
	}
	for _, p := range []int{1, 2, 8} {
		run(t, procs(p), func() {
			if got := fib(18); got != 2584 {
				t.Errorf("fib(18) = %d", got)
			}
			var n atomic.Int64
			var fns []func()
			for range 37 {
				fns = append(fns, func() { n.Add(1); Yield() })
			}
			Do(fns)
			if n.Load() != 37 {
				t.Errorf("%d of 37 ran", n.Load())
			}
		})
	}
	if fib(10) != 55 {
		t.Error("outside a runtime")
	}
}

func TestDoPanicsWithTheChildsValueWhenAllHaveEnded(t *testing.T) {
	run(t, procs(2), func() {
		for i := range 200 {
			var other atomic.Bool
			func() {
				defer func() {
					v := recover()
					err, ok := v.(error)
					if !ok || !errors.Is(err, errBoom) {
						t.Errorf("recovered %v", v)
					}
				}()
				if i%2 == 0 {
					Do([]func(){func() { Yield() }, func() { other.Store(true); panic(errBoom) }})
				} else {
					Do([]func(){func() { Yield(); panic(errBoom) }, func() { other.Store(true) }})
				}
			}()
		}
	})
}

func TestSharedQueueRunsTheSameProgram(t *testing.T) {
	var ran atomic.Int64
	run(t, Options{Procs: 4, Shared: true}, func() {
		var g wg
		for range 2000 {
			g.add(1)
			Go(func() { Yield(); ran.Add(1); g.done() })
		}
		g.wait()
	})
	if ran.Load() != 2000 {
		t.Fatalf("%d of 2000 ran", ran.Load())
	}
}

type lastFirst struct{}

func (lastFirst) Choose(r []*G) int { return len(r) - 1 }

func TestChooserDecidesWhoRuns(t *testing.T) {
	var order []int
	run(t, Options{Procs: 1, Chooser: lastFirst{}, Clock: clock.NewVirtual()}, func() {
		var g wg
		for i := range 5 {
			g.add(1)
			Go(func() { order = append(order, i); g.done() })
		}
		g.wait()
	})
	for k, i := range order {
		if i != 4-k {
			t.Fatalf("ran in the order %v, want the last first", order)
		}
	}
}

func TestWrongOptionsAreErrorsBeforeAnythingRuns(t *testing.T) {
	for _, o := range []Options{{Procs: -1}, {Procs: MaxProcs + 1}, {Procs: 2, Chooser: lastFirst{}}} {
		if err := Run(func() { t.Error("ran") }, o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	if Run(nil, Options{}) == nil {
		t.Error("a nil main was accepted")
	}
}
