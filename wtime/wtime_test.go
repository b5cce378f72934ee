package wtime

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/wsync"
)

// The same test bodies run on this package, in a runtime with a virtual clock,
// and on package time, in a bubble of testing/synctest: what holds for the one
// must hold for the other. In both, hours pass at once and exactly.

type timer interface {
	Stop() bool
	Reset(d time.Duration) bool
}

type ticker interface {
	Stop()
	Reset(d time.Duration)
}

// chanOf is what a test does with a timer's channel.
type chanOf struct {
	recv func() time.Time
	try  func() (time.Time, bool)
}

type kit struct {
	name      string
	run       func(t *testing.T, body func())
	spawn     func(func())
	settle    func() // returns when all that can run has run
	sleep     func(time.Duration)
	now       func() time.Time
	since     func(time.Time) time.Duration
	until     func(time.Time) time.Duration
	after     func(time.Duration) chanOf
	newTimer  func(time.Duration) (timer, chanOf)
	afterFunc func(time.Duration, func()) timer
	newTicker func(time.Duration) (ticker, chanOf)
}

func weftChan(c *wsync.Chan[time.Time]) chanOf {
	return chanOf{
		func() time.Time { v, _ := c.Recv(); return v },
		func() (time.Time, bool) { v, ok, _ := c.TryRecv(); return v, ok },
	}
}

func stdChan(c <-chan time.Time) chanOf {
	return chanOf{
		func() time.Time { return <-c },
		func() (time.Time, bool) {
			select {
			case v := <-c:
				return v, true
			default:
				return time.Time{}, false
			}
		},
	}
}

func runVirtual(t *testing.T, body func()) {
	if err := sched.Run(body, sched.Options{Procs: 1, Clock: clock.NewVirtual()}); err != nil {
		t.Error(err)
	}
}

var kits = []kit{
	{
		"weft", runVirtual, func(f func()) { sched.Go(f) }, func() { sched.Yield(); sched.Yield() },
		Sleep, Now, Since, Until,
		func(d time.Duration) chanOf { return weftChan(After(d)) },
		func(d time.Duration) (timer, chanOf) { t := NewTimer(d); return t, weftChan(t.C) },
		func(d time.Duration, f func()) timer { return AfterFunc(d, f) },
		func(d time.Duration) (ticker, chanOf) { t := NewTicker(d); return t, weftChan(t.C) },
	},
	{
		"std",
		func(t *testing.T, body func()) { synctest.Test(t, func(*testing.T) { body() }) },
		func(f func()) { go f() }, synctest.Wait,
		time.Sleep, time.Now, time.Since, time.Until,
		func(d time.Duration) chanOf { return stdChan(time.After(d)) },
		func(d time.Duration) (timer, chanOf) { t := time.NewTimer(d); return t, stdChan(t.C) },
		func(d time.Duration, f func()) timer { return time.AfterFunc(d, f) },
		func(d time.Duration) (ticker, chanOf) { t := time.NewTicker(d); return t, stdChan(t.C) },
	},
}

func forEachKit(t *testing.T, body func(t *testing.T, k kit)) {
	for _, k := range kits {
		t.Run(k.name, func(t *testing.T) { k.run(t, func() { body(t, k) }) })
	}
}

// want compares a time with a number of seconds after start.
func want(t *testing.T, what string, start, got time.Time, seconds float64) {
	t.Helper()
	if d := got.Sub(start); d != time.Duration(seconds*float64(time.Second)) {
		t.Errorf("%s after %v, want %v s", what, d, seconds)
	}
}

func TestSleepersWakeInOrderOfTheirTimes(t *testing.T) {
	forEachKit(t, func(t *testing.T, k kit) {
		start := k.now()
		var order []int
		var mu sync.Mutex
		for _, h := range []int{3, 1, 2, 5, 4} {
			k.spawn(func() {
				k.sleep(time.Duration(h) * time.Hour)
				want(t, "awake", start, k.now(), float64(h*3600))
				mu.Lock()
				order = append(order, h)
				mu.Unlock()
			})
		}
		k.sleep(6 * time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(order, []int{1, 2, 3, 4, 5}) {
			t.Errorf("order %v", order)
		}
		if k.since(start) != 6*time.Hour || k.until(start) != -6*time.Hour {
			t.Errorf("Since %v, Until %v, want 6 h, -6 h", k.since(start), k.until(start))
		}
		k.sleep(0)
		k.sleep(-time.Hour)
		want(t, "sleeping not at all", start, k.now(), 6*3600)
	})
}

func TestTimerFiresOnceAndGivesTheTime(t *testing.T) {
	forEachKit(t, func(t *testing.T, k kit) {
		start := k.now()
		tm, c := k.newTimer(2 * time.Second)
		if _, ok := c.try(); ok {
			t.Error("fired at once")
		}
		want(t, "fired", start, c.recv(), 2)
		k.sleep(time.Hour)
		if _, ok := c.try(); ok {
			t.Error("fired twice")
		}
		if tm.Stop() {
			t.Error("Stop = true after its time was received")
		}
		if tm.Reset(time.Second) {
			t.Error("Reset = true after its time was received")
		}
		want(t, "fired again", start, c.recv(), 3603)
		want(t, "After", start, k.after(time.Second).recv(), 3604)
		_, c = k.newTimer(-time.Second)
		want(t, "a negative time", start, c.recv(), 3604)
	})
}

func TestStopAndResetLeaveNothingStale(t *testing.T) {
	forEachKit(t, func(t *testing.T, k kit) {
		start := k.now()
		tm, c := k.newTimer(time.Second)
		if !tm.Stop() || tm.Stop() {
			t.Error("the first Stop must be true, the second false")
		}
		k.sleep(2 * time.Second)
		if _, ok := c.try(); ok {
			t.Error("fired after Stop")
		}

		tm.Reset(time.Second)
		k.sleep(2 * time.Second) // it fires, and nobody receives
		if !tm.Stop() {
			t.Error("Stop = false though the time was not received")
		}
		if _, ok := c.try(); ok {
			t.Error("a stale time after Stop")
		}

		tm.Reset(time.Second)
		k.sleep(2 * time.Second)
		if !tm.Reset(10 * time.Second) {
			t.Error("Reset = false though the time was not received")
		}
		want(t, "after Reset", start, c.recv(), 16)

		tm.Reset(time.Hour)
		if !tm.Reset(time.Second) {
			t.Error("Reset of an armed timer = false")
		}
		want(t, "the last Reset", start, c.recv(), 17)
	})
}

func TestStopWakesNobodyAndResetWakesReceiver(t *testing.T) {
	forEachKit(t, func(t *testing.T, k kit) {
		start := k.now()
		tm, c := k.newTimer(time.Second)
		var got atomic.Int64
		k.spawn(func() {
			want(t, "received", start, c.recv(), 7)
			got.Add(1)
		})
		k.settle()
		tm.Stop()
		k.sleep(5 * time.Second)
		if got.Load() != 0 {
			t.Error("a stopped timer woke its receiver")
		}
		tm.Reset(2 * time.Second)
		k.sleep(3 * time.Second)
		if got.Load() != 1 {
			t.Error("the receiver was not woken")
		}
	})
}

func TestAfterFuncRunsInATaskOfItsOwn(t *testing.T) {
	forEachKit(t, func(t *testing.T, k kit) {
		start := k.now()
		var ran atomic.Int64
		tm := k.afterFunc(time.Second, func() {
			want(t, "f", start, k.now(), float64(1+ran.Load()*4))
			ran.Add(1)
			k.sleep(time.Second) // it may wait
		})
		k.sleep(3 * time.Second)
		if ran.Load() != 1 || tm.Stop() {
			t.Errorf("ran %d times, want 1; Stop must be false then", ran.Load())
		}
		if tm.Reset(2 * time.Second) {
			t.Error("Reset = true after it ran")
		}
		k.sleep(3 * time.Second)
		if ran.Load() != 2 {
			t.Errorf("ran %d times, want 2", ran.Load())
		}
		stopped := k.afterFunc(time.Second, func() { t.Error("ran after Stop") })
		if !stopped.Stop() || stopped.Stop() {
			t.Error("the first Stop must be true, the second false")
		}
		k.sleep(2 * time.Second)
	})
}

func TestTickerTicksAndDropsWhatNobodyTakes(t *testing.T) {
	forEachKit(t, func(t *testing.T, k kit) {
		start := k.now()
		tk, c := k.newTicker(2 * time.Second)
		for i := 1; i <= 3; i++ {
			want(t, "tick", start, c.recv(), float64(2*i))
		}
		k.sleep(9 * time.Second) // to 15: ticks at 8, 10, 12 and 14
		want(t, "the tick that was kept", start, c.recv(), 8)
		want(t, "the next tick", start, c.recv(), 16)
		k.sleep(3 * time.Second) // to 19, with the tick of 18
		tk.Reset(5 * time.Second)
		want(t, "after Reset", start, c.recv(), 24)
		k.sleep(6 * time.Second) // with the tick of 29
		tk.Stop()
		k.sleep(time.Hour)
		if _, ok := c.try(); ok {
			t.Error("a tick after Stop")
		}
		tk.Reset(time.Second)
		want(t, "after Stop and Reset", start, c.recv(), 3631)
		tk.Stop()
	})
}

func panicOf(f func()) (text string) {
	defer func() {
		switch v := recover().(type) {
		case error:
			text = v.Error()
		case string:
			text = v
		}
	}()
	f()
	return ""
}

func TestMisusePanicsAsInTime(t *testing.T) {
	for name, f := range map[string][2]func(){
		"NewTicker(0)":      {func() { NewTicker(0) }, func() { time.NewTicker(0) }},
		"zero Timer.Stop":   {func() { new(Timer).Stop() }, func() { new(time.Timer).Stop() }},
		"zero Timer.Reset":  {func() { new(Timer).Reset(1) }, func() { new(time.Timer).Reset(1) }},
		"zero Ticker.Reset": {func() { new(Ticker).Reset(1) }, func() { new(time.Ticker).Reset(1) }},
		"zero Ticker.Stop":  {func() { new(Ticker).Stop() }, func() { new(time.Ticker).Stop() }},
		"Ticker.Reset(0)":   {func() { new(Ticker).Reset(0) }, func() { new(time.Ticker).Reset(0) }},
	} {
		if got, want := panicOf(f[0]), panicOf(f[1]); got != want {
			t.Errorf("%s: panic %q, want %q", name, got, want)
		}
	}
	if Tick(0) != nil || Tick(-1) != nil {
		t.Error("Tick of a time that is not positive must be nil")
	}
	if panicOf(func() { AfterFunc(0, nil) }) == "" {
		t.Error("AfterFunc of nil did not panic")
	}
}

func TestAVeryLongTimeIsForEver(t *testing.T) {
	runVirtual(t, func() {
		tm := NewTimer(1<<63 - 1)
		Sleep(time.Hour)
		if !tm.Stop() {
			t.Error("it fired")
		}
	})
}

// Real time, from every kind of caller: it is enough that all come back.
func TestRealClockServesCoroutinesAndGoroutines(t *testing.T) {
	work := func(done *atomic.Int64) func() {
		return func() {
			defer done.Add(1)
			start := Now()
			Sleep(time.Millisecond)
			After(time.Millisecond).Recv()
			tk := NewTicker(time.Millisecond)
			tk.C.Recv()
			tk.C.Recv()
			tk.Stop()
			var ran wsync.WaitGroup
			ran.Add(1)
			AfterFunc(time.Millisecond, ran.Done)
			ran.Wait()
			if d := Since(start); d < 5*time.Millisecond {
				t.Errorf("%v passed, want 5 ms at least", d)
			}
			never := wsync.NewChan[int](0)
			timeout := wsync.OnRecv(After(time.Millisecond), nil)
			if i := wsync.Select(wsync.OnRecv(never, nil), timeout); i != 1 {
				t.Errorf("case %d, want the timeout", i)
			}
		}
	}
	var done atomic.Int64
	for i := range 20 {
		if i%2 == 0 {
			go work(&done)()
		} else {
			sched.Go(work(&done))
		}
	}
	for done.Load() < 20 {
		time.Sleep(100 * time.Microsecond)
	}
}

// A timer that has left the heap and is about to put its time is overtaken.
func TestOvertakenFiringPutsNothing(t *testing.T) {
	tm := NewTimer(time.Hour)
	armed := tm.alarm.gen
	for _, overtake := range []func(){func() { tm.Stop() }, func() { tm.Reset(time.Hour) }} {
		overtake()
		ring(tm.alarm, armed)
		if v, ok, _ := tm.C.TryRecv(); ok {
			t.Errorf("received the stale %v", v)
		}
		armed = tm.alarm.gen
	}
	tm.Stop()
}

// Reset and Stop race with the timer's own firing: what a receiver gets is never
// older than the last Reset, and after Stop nothing comes.
func TestResetRacesFiring(t *testing.T) {
	for _, spawn := range []func(func()){func(f func()) { go f() }, func(f func()) { sched.Go(f) }} {
		var left atomic.Int64
		left.Store(4)
		for range 4 {
			spawn(func() {
				defer left.Add(-1)
				tm := NewTimer(time.Hour)
				for i := range 300 {
					armed := Now()
					d := time.Duration(i%5) * 10 * time.Microsecond
					tm.Reset(d)
					switch i % 3 {
					case 0:
						if v, _ := tm.C.Recv(); v.Sub(armed) < d {
							t.Errorf("a time of %v after Reset(%v): stale", v.Sub(armed), d)
						}
					case 1:
						sched.Yield()
						tm.Stop()
						if _, ok, _ := tm.C.TryRecv(); ok {
							t.Error("a time after Stop")
						}
					case 2: // Reset again
						sched.Yield()
					}
				}
				tm.Stop()
			})
		}
		for left.Load() > 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

func BenchmarkTimerReset(b *testing.B) {
	b.Run("weft", func(b *testing.B) {
		b.ReportAllocs()
		done := make(chan struct{})
		sched.Go(func() {
			defer close(done)
			tm := NewTimer(time.Hour)
			for b.Loop() {
				tm.Reset(time.Hour)
			}
			tm.Stop()
		})
		<-done
	})
	b.Run("go", func(b *testing.B) {
		b.ReportAllocs()
		tm := time.NewTimer(time.Hour)
		for b.Loop() {
			tm.Reset(time.Hour)
		}
		tm.Stop()
	})
}
