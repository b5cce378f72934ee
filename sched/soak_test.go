package sched_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/wsync"
)

// soakOps is how many operations each soak does: WEFT_SOAK, or few.
func soakOps(t *testing.T) int64 {
	if v := os.Getenv("WEFT_SOAK"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			t.Fatalf("WEFT_SOAK=%q: give a number of operations", v)
		}
		return n
	}
	return 60_000
}

// soak is one run: what was begun and what came of it.
type soak struct {
	s        *sched.Sched
	left     atomic.Int64 // operations to do
	spawned  atomic.Int64
	ended    atomic.Int64 // by deferred calls: however it ended
	sent     atomic.Int64 // sums, to find what is lost or doubled
	received atomic.Int64
	slept    atomic.Int64
	woke     atomic.Int64
	alive    wsync.WaitGroup
}

// TestSoak does a great many spawns, parks, sleeps and channel operations, while
// Ps come and go and coroutines end by Goexit and panics that somebody recovers;
// the last thousand are parked when main returns. Nothing may be lost, nothing
// left. The full soak is
//
//	WEFT_SOAK=10000000 go test -race -run TestSoak -timeout 2h ./sched
func TestSoak(t *testing.T) {
	for _, procs := range []int{1, 2, 8} {
		t.Run(strconv.Itoa(procs)+"P", func(t *testing.T) { soakOn(t, procs, soakOps(t)) })
	}
}

func soakOn(t *testing.T, procs int, ops int64) {
	before := runtime.NumGoroutine()
	k := &soak{}
	k.left.Store(ops)
	var unwound atomic.Int64
	begin := time.Now()
	err := sched.Run(func() {
		k.s = sched.Current()
		stop := k.resize(procs)
		workers := 64
		for range workers {
			k.spawn(func() {
				for k.left.Load() > 0 {
					k.step()
				}
			})
		}
		k.alive.Wait()
		stop()
		if live := k.s.ReadStats().Coroutines; live != 1 {
			t.Errorf("%d coroutines live, want main alone", live)
		}
		k.park(1000, &unwound)
	}, sched.Options{Procs: procs})
	if err != nil {
		t.Fatal(err)
	}
	k.check(t)
	if unwound.Load() != 1000 {
		t.Errorf("%d of 1000 were unwound", unwound.Load())
	}
	if st := k.s.ReadStats(); st.Coroutines != 0 || st.Stacks != 0 {
		t.Errorf("%d coroutines, %d stacks left", st.Coroutines, st.Stacks)
	}
	for runtime.NumGoroutine() > before { // they are on their way out, or go test tells of them when its time is over
		time.Sleep(time.Millisecond)
	}
	st := k.s.ReadStats()
	t.Logf("%d operations in %v: %d coroutines, %d parks, %d steals, %d hand-offs", ops, time.Since(begin).Round(time.Millisecond),
		st.Spawned, st.Parks, st.Steals, st.Handoffs)
}

func (k *soak) check(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		what string
		a, b *atomic.Int64
	}{{"coroutines", &k.spawned, &k.ended}, {"sums sent", &k.sent, &k.received}, {"sleeps", &k.slept, &k.woke}} {
		if a, b := c.a.Load(), c.b.Load(); a != b {
			t.Errorf("%s: %d begun, %d came to their end", c.what, a, b)
		}
	}
}

// resize changes the number of Ps at random until stop is called, and then puts
// back procs.
func (k *soak) resize(procs int) (stop func()) {
	quit, ended := wsync.NewChan[int](0), wsync.NewChan[int](0)
	sched.Go(func() {
		for open := true; open; {
			k.s.SetProcs(1 + rand.IntN(2*procs))
			sched.Sleep(time.Duration(rand.IntN(int(5 * time.Millisecond))))
			_, _, closed := quit.TryRecv()
			open = !closed
		}
		k.s.SetProcs(procs)
		ended.Close()
	})
	return func() {
		quit.Close()
		ended.Recv()
		for k.s.ReadStats().Coroutines != 1 {
			sched.Yield() // it has closed ended, but not returned
		}
	}
}

// spawn starts a coroutine that is counted, however it ends.
func (k *soak) spawn(fn func()) {
	k.left.Add(-1)
	k.spawned.Add(1)
	k.alive.Add(1)
	sched.Go(func() {
		defer k.alive.Done()
		defer k.ended.Add(1)
		fn()
	})
}

// step does one thing of many.
func (k *soak) step() {
	switch rand.IntN(12) {
	case 0:
		k.spawn(func() {})
	case 1:
		// Goexit ends the stack too, and under the race detector each coroutine
		// of iter.Pull that ends costs 5 to 50 KB for good: Go doesn't tell the
		// detector of its end (coroexit has no racegoend). So, seldom.
		if rand.IntN(64) == 0 {
			k.spawn(runtime.Goexit)
		}
	case 2:
		k.spawn(func() {
			defer func() { _ = recover() }()
			panic("soak")
		})
	case 3, 4, 5:
		k.exchange(rand.IntN(3))
	case 6:
		k.slept.Add(1)
		sched.Sleep(time.Duration(rand.IntN(int(20 * time.Microsecond))))
		k.woke.Add(1)
		k.left.Add(-1)
	case 7:
		k.timers()
	case 8:
		k.join()
	case 9:
		sched.Block(func() { runtime.Gosched() })
		k.left.Add(-1)
	default:
		sched.Yield()
		k.left.Add(-1)
	}
}

// exchange sends numbers through a channel of that capacity.
func (k *soak) exchange(capacity int) {
	c := wsync.NewChan[int64](capacity)
	n := 1 + rand.Int64N(8)
	k.spawn(func() {
		for v := range c.All() {
			k.received.Add(v)
		}
	})
	for i := range n {
		c.Send(i)
		k.sent.Add(i)
	}
	c.Close()
	k.left.Add(-n)
}

// timers lets a send and a timer of a select race.
func (k *soak) timers() {
	c := wsync.NewChan[int64](0)
	var fired atomic.Bool
	t := &sched.Timer{F: func(any, uint64) { fired.Store(true) }}
	t.Reset(k.s, k.s.Now()+rand.Int64N(20_000), 0)
	k.spawn(func() { v, _ := c.Recv(); k.received.Add(v) })
	c.Send(1)
	k.sent.Add(1)
	k.slept.Add(1)
	for !t.Stop() && !fired.Load() {
		sched.Yield() // F runs at the moment
	}
	k.woke.Add(1)
	k.left.Add(-2)
}

// join forks some functions and waits for them.
func (k *soak) join() {
	var sum atomic.Int64
	add := func() { sum.Add(1) }
	sched.Do([]func(){add, func() { sched.Yield(); add() }, add})
	k.sent.Add(3)
	k.received.Add(sum.Load())
	k.left.Add(-3)
}

// park leaves n coroutines that never go on.
func (k *soak) park(n int, unwound *atomic.Int64) {
	never := wsync.NewChan[int](0)
	var begun wsync.WaitGroup
	begun.Add(n)
	for i := range n {
		sched.Go(func() {
			defer unwound.Add(1)
			begun.Done()
			if i%2 == 0 {
				never.Recv()
			}
			sched.Sleep(time.Hour)
		})
	}
	begun.Wait()
}
