package coro_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/weftgo/weft/coro"
)

func TestResumeGoesOnExactlyWhereYieldLeft(t *testing.T) {
	var log []string
	var depth func(c *coro.Coro, n int) int
	depth = func(c *coro.Coro, n int) int {
		local := n * n
		if n > 0 {
			local += depth(c, n-1)
		}
		log = append(log, fmt.Sprintf("in %d", n))
		c.Yield()
		return local
	}
	sum := 0
	c := coro.New(func(c *coro.Coro) { sum = depth(c, 3) })
	if c.Status() != coro.Created {
		t.Fatalf("new coroutine is %v", c.Status())
	}
	for range 4 {
		if err := c.Resume(); err != nil {
			t.Fatal(err)
		}
		log = append(log, "out")
		if c.Status() != coro.Suspended {
			t.Fatalf("after a yield it is %v", c.Status())
		}
	}
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if c.Status() != coro.Dead || sum != 14 {
		t.Fatalf("ended %v with sum %d, want dead with 14", c.Status(), sum)
	}
	if got, want := strings.Join(log, ","), "in 0,out,in 1,out,in 2,out,in 3,out"; got != want {
		t.Fatalf("order %s, want %s", got, want)
	}
}

func TestLocalsSurviveStackGrowthBetweenYields(t *testing.T) {
	var grow func(n int) int
	grow = func(n int) int {
		var pad [256]byte
		pad[n%256] = byte(n)
		if n == 0 {
			return int(pad[0])
		}
		return grow(n-1) + int(pad[n%256]) - int(byte(n))
	}
	c := coro.New(func(c *coro.Coro) {
		x := 42
		p := &x
		c.Yield()
		if grow(2000) != 0 {
			t.Error("grow lost its locals")
		}
		*p++
		c.Yield()
		if x != 43 {
			t.Errorf("x is %d, want 43", x)
		}
	})
	for range 3 {
		if err := c.Resume(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestResumeOfADeadCoroutineIsAnError(t *testing.T) {
	c := coro.New(func(*coro.Coro) {})
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := c.Resume(); !errors.Is(err, coro.ErrDead) {
		t.Fatalf("got %v, want ErrDead", err)
	}
}

func TestResumeOfARunningCoroutineIsAnError(t *testing.T) {
	c := coro.New(func(c *coro.Coro) {
		if err := c.Resume(); !errors.Is(err, coro.ErrRunning) {
			t.Errorf("resume of itself: %v, want ErrRunning", err)
		}
		if err := c.Cancel(); !errors.Is(err, coro.ErrRunning) {
			t.Errorf("cancel of itself: %v, want ErrRunning", err)
		}
		c.Yield()
	})
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := c.Resume(); err != nil || c.Status() != coro.Dead {
		t.Fatalf("the refused calls disturbed it: %v, %v", err, c.Status())
	}
}

func TestOnlyOneOfManyResumersGetsIn(t *testing.T) {
	const n = 2000
	count := 0
	c := coro.New(func(c *coro.Coro) {
		for range n {
			count++
			c.Yield()
		}
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				err := c.Resume()
				if errors.Is(err, coro.ErrDead) {
					return
				}
				if err != nil && !errors.Is(err, coro.ErrRunning) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if count != n {
		t.Fatalf("ran %d steps, want %d", count, n)
	}
}

func TestYieldBySomebodyElsePanics(t *testing.T) {
	c := coro.New(func(c *coro.Coro) { c.Yield() })
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Yield from outside did not panic")
			}
		}()
		c.Yield()
	}()
	if err := c.Cancel(); err != nil {
		t.Fatal(err)
	}
}

//go:noinline
func explode() { panic(errBoom) }

var errBoom = errors.New("boom")

func TestPanicKeepsTheCoroutinesOwnStack(t *testing.T) {
	c := coro.New(func(*coro.Coro) { explode() })
	err := c.Resume()
	var p *coro.PanicError
	if !errors.As(err, &p) || !errors.Is(err, errBoom) {
		t.Fatalf("got %v, want a PanicError of boom", err)
	}
	if !strings.Contains(string(p.Stack), "coro_test.explode") || p.ID != c.ID() {
		t.Fatalf("the stack does not show where it panicked:\n%s", p.Stack)
	}
	if c.Status() != coro.Dead {
		t.Fatalf("status %v after a panic", c.Status())
	}
}

func TestGoexitEndsTheCoroutineAndNotItsResumer(t *testing.T) {
	deferred := false
	c := coro.New(func(*coro.Coro) {
		defer func() { deferred = true }()
		runtime.Goexit()
	})
	if err := c.Resume(); !errors.Is(err, coro.ErrGoexit) {
		t.Fatalf("got %v, want ErrGoexit", err)
	}
	if !deferred || c.Status() != coro.Dead {
		t.Fatalf("deferred calls ran: %v, status %v", deferred, c.Status())
	}
}

func TestCancelRunsDeferredCallsInOrder(t *testing.T) {
	var log []string
	c := coro.New(func(c *coro.Coro) {
		defer func() { log = append(log, "outer") }()
		func() {
			defer func() {
				log = append(log, "inner")
				c.Yield() // must not hang the cancel
				log = append(log, "not reached")
			}()
			c.Yield()
		}()
		log = append(log, "not reached either")
	})
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := c.Cancel(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(log, ","); got != "inner,outer" || c.Status() != coro.Dead {
		t.Fatalf("ran %q, status %v", got, c.Status())
	}
	if err := c.Cancel(); err != nil {
		t.Fatalf("second cancel: %v", err)
	}
}

func TestCancelBeforeTheFirstResumeRunsNothing(t *testing.T) {
	ran := false
	c := coro.New(func(*coro.Coro) { ran = true })
	if err := c.Cancel(); err != nil || ran || c.Status() != coro.Dead {
		t.Fatalf("err %v, ran %v, status %v", err, ran, c.Status())
	}
}

func TestCancelReportsAPanicOfADeferredCall(t *testing.T) {
	c := coro.New(func(c *coro.Coro) {
		defer explode()
		c.Yield()
	})
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := c.Cancel(); !errors.Is(err, errBoom) {
		t.Fatalf("got %v, want boom", err)
	}
}

func worker(c *coro.Coro) {
	if coro.Current() != c {
		panic("Current is somebody else")
	}
	c.Yield()
}

func TestDiagnosticsNameEntryAndStack(t *testing.T) {
	c := coro.New(worker)
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(c.Entry(), "coro_test.worker") {
		t.Errorf("entry is %s", c.Entry())
	}
	s := c.Stack()
	f, _ := runtime.CallersFrames([]uintptr{s.PC}).Next()
	if !strings.HasSuffix(f.Function, "coro_test.worker") {
		t.Errorf("saved pc is in %s", f.Function)
	}
	if runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" {
		if s.Lo >= s.SP || s.SP >= s.Hi {
			t.Errorf("saved sp %#x is not between %#x and %#x", s.SP, s.Lo, s.Hi)
		}
	}
	if coro.Current() != nil {
		t.Error("an ordinary goroutine has a current coroutine")
	}
	if err := c.Cancel(); err != nil {
		t.Fatal(err)
	}
}

func TestCoroutinesLeaveNoGoroutinesBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 200 {
		c := coro.New(func(c *coro.Coro) {
			c.Yield()
			if i%3 == 0 {
				runtime.Goexit()
			}
		})
		if i%2 == 0 {
			_ = c.Resume()
			_ = c.Resume()
		}
		_ = c.Cancel()
	}
	for runtime.NumGoroutine() > before {
		runtime.Gosched() // the last Finish goroutines are on their way out
	}
}

func BenchmarkResumeYield(b *testing.B) {
	c := coro.New(func(c *coro.Coro) {
		for {
			c.Yield()
		}
	})
	for b.Loop() {
		_ = c.Resume()
	}
	_ = c.Cancel()
}

func BenchmarkRawSwitch(b *testing.B) {
	var r coro.Raw
	stop := false
	r.Init(func(back func(struct{}) bool) {
		r.Begin(back)
		for !stop {
			r.Swap()
		}
	})
	for b.Loop() {
		r.Swap()
	}
	stop = true
	r.Swap()
}
