package sched

// Temporary: stands in until the scheduler proper lands. Signatures hold.

import (
	"time"

	"github.com/weftgo/weft/trace"
)

// G is a coroutine's control block.
type G struct {
	Waiter
}

// ID returns the coroutine's id (g1 is main).
func (gp *G) ID() uint64 { return 0 }

func (gp *G) park(t Ticket, why trace.Reason, obj any) {}
func goready(gp *G, by trace.Cause)                    {}

// Getg returns the calling coroutine, nil in an ordinary goroutine.
func Getg() *G { return nil }

// Sched is one runtime: its tables and its global state.
type Sched struct{}

// Current returns the calling coroutine's runtime; in an ordinary goroutine
// the default one, which it starts if need be.
func Current() *Sched { return &Sched{} }

// Now returns the runtime's time in nanoseconds since it started.
func (s *Sched) Now() int64 { return int64(time.Since(base)) }

var base = time.Now()

// Newproc starts a coroutine that runs fn. pc is the program counter of the go
// statement, for reports (0: unknown).
func (s *Sched) Newproc(fn func(), pc uintptr) *G { go fn(); return nil }

// Yield lets others run.
func Yield() {}

// Timer calls f(arg, seq) once it is due, on g0: f must not park or block. The
// zero value is a stopped timer; set F, Arg and Seq before the first Reset and
// change them only while it is stopped.
type Timer struct {
	F   func(arg any, seq uint64)
	Arg any
	Seq uint64

	t *time.Timer
}

// Reset arms t on s for the time when (of s.Now), then every period
// nanoseconds if period > 0. It reports whether t was armed before.
func (t *Timer) Reset(s *Sched, when, period int64) bool {
	was := t.Stop()
	t.t = time.AfterFunc(time.Duration(when-s.Now()), func() { t.F(t.Arg, t.Seq) })
	return was
}

// Stop disarms t. It reports whether t was armed: false means that it has
// fired (f may still be running) or was never set.
func (t *Timer) Stop() bool { return t.t != nil && t.t.Stop() }
