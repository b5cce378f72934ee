package wsync

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftgo/weft/sched"
)

// A setting is who runs a test's tasks.
type setting struct {
	name string
	// run calls body in one task and returns when body has.
	run func(body func())
	// spawn starts another task.
	spawn func(task func())
}

func goroutine(f func()) { go f() }

func coroutine(f func()) { sched.Current().Newproc(f, 0) }

// alternate spawns coroutines and goroutines in turn.
func alternate(n *atomic.Int64) func(func()) {
	return func(f func()) {
		if n.Add(1)%2 == 0 {
			goroutine(f)
		} else {
			coroutine(f)
		}
	}
}

func settings() []setting {
	in := func(spawn func(func())) func(func()) {
		return func(body func()) {
			done := make(chan struct{})
			spawn(func() {
				defer close(done)
				body()
			})
			<-done
		}
	}
	return []setting{
		{"goroutines", in(goroutine), goroutine},
		{"coroutines", in(coroutine), coroutine},
		{"mixed", in(coroutine), alternate(new(atomic.Int64))},
	}
}

// forEachSetting runs body once a setting, as a task of that setting. body must
// not call t.Fatal and its like: see stop.
func forEachSetting(t *testing.T, body func(t *testing.T, s setting)) {
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Helper()
			s.run(func() { body(t, s) })
		})
	}
}

// all starts n tasks in s and waits for them with means that are not under test.
func (s setting) all(n int, task func(i int)) {
	var left atomic.Int64
	left.Store(int64(n))
	for i := range n {
		s.spawn(func() {
			defer left.Add(-1)
			task(i)
		})
	}
	until(func() bool { return left.Load() == 0 })
}

// yield lets others run, whoever the caller is.
func yield() {
	if sched.Getg() != nil {
		sched.Yield()
	} else {
		runtime.Gosched()
	}
}

// until lets others run until cond holds.
func until(cond func() bool) {
	for i := 0; !cond(); i++ {
		yield()
		if i > 100 {
			sched.Sleep(50 * time.Microsecond) // let goroutines have the CPU
		}
	}
}

// pass locks and unlocks l.
func pass(l sync.Locker) {
	l.Lock()
	//lint:ignore SA2001 that it could be locked is what matters
	l.Unlock()
}

// panicOf returns what f panics with, nil if it doesn't.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// wantPanic checks that f panics with an error of that text.
func wantPanic(t *testing.T, text string, f func()) {
	t.Helper()
	switch v := panicOf(f).(type) {
	case error:
		if v.Error() != text {
			t.Errorf("panic %q, want %q", v.Error(), text)
		}
	case string:
		if v != text {
			t.Errorf("panic %q, want %q", v, text)
		}
	default:
		t.Errorf("panic %v, want %q", v, text)
	}
}

// benchIn runs a benchmark's loop in a coroutine or in a goroutine.
func benchIn(b *testing.B, spawn func(func()), loop func()) {
	b.ReportAllocs()
	done := make(chan struct{})
	spawn(func() {
		defer close(done)
		b.ResetTimer()
		loop()
		b.StopTimer()
	})
	<-done
}
