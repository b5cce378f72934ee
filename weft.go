package weft

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// Option is a choice about a runtime, made at its start.
type Option func(*sched.Options)

// Procs sets the number of Ps: how many coroutines run at once. 0 is the same
// as GOMAXPROCS, which is also the default.
func Procs(n int) Option { return func(o *sched.Options) { o.Procs = n } }

// IO chooses the I/O model by its name: how calls on descriptors wait.
//
//	epoll     parked, until the kernel says who is ready. The default on Linux
//	uring     the same, said through memory that the kernel shares (Linux 6.0)
//	poll      the same, with the whole set passed in and scanned each time
//	select    as poll, for descriptors below 1024
//	blocking  in a system call: a thread for each call that waits
//	busy      not at all: asked again and again, on all of the Ps
//
// "" is the best that the machine has.
// One that it doesn't have, or that weft doesn't know, is an error of the first
// call that needs it, never silently another.
func IO(model string) Option { return func(o *sched.Options) { o.IO = model } }

// Trace records the run. The runtime starts the recorder when it begins, and
// flushes it when it ends; Main also stops it. After Run that is the caller's.
func Trace(rec *trace.Recorder) Option { return func(o *sched.Options) { o.Recorder = rec } }

// Seed makes a run repeat: one P, a generator seeded with n that picks who runs
// next of all that can, and a clock that stands still while anybody can run and
// then jumps to the next timer. The same program makes the same decisions
// again, as far as they don't depend on what is outside the runtime: the
// network, ordinary goroutines, a coroutine that blocks natively or computes for
// 10 ms, map order, real time.
func Seed(n uint64) Option {
	return func(o *sched.Options) {
		o.Chooser = seeded{rand.New(rand.NewPCG(n, 0x9E3779B97F4A7C15))}
		o.Clock = clock.NewVirtual()
	}
}

type seeded struct{ r *rand.Rand }

func (s seeded) Choose(runnable []*sched.G) int { return s.r.IntN(len(runnable)) }

// SharedQueue replaces the Ps' local queues by one shared queue under a lock:
// the scheduler that Go had before its Ps, to see what they are for.
func SharedQueue() Option { return func(o *sched.Options) { o.Shared = true } }

// OnCycle has report told of each cycle of lock owners when it forms: whoever
// is in it waits for ever, unless somebody else unlocks. The default writes it
// to standard error. report must not block.
func OnCycle(report func(string)) Option { return func(o *sched.Options) { o.OnCycle = report } }

// NoDeadlock has the runtime not look for deadlocks: for programs whose
// coroutines are woken by what it can't see, a native time.AfterFunc or
// goroutines that don't exist yet.
func NoDeadlock() Option { return func(o *sched.Options) { o.NoDeadlock = true } }

// PanicError is a panic of a coroutine that nobody recovered: its value, and
// whose it was, where that was created and its own stack.
type PanicError = sched.PanicError

// DeadlockError tells of coroutines that can never run again.
type DeadlockError = sched.DeadlockError

// Stats is a snapshot of a runtime's counters.
type Stats = sched.Stats

var inits []func()

// Init registers fn to be run by the first coroutine of every runtime that is
// started with Main or Run, before its main function, in the order of
// registration. Call it from package initialisers.
func Init(fn func()) { inits = append(inits, fn) }

func options(opts []Option) sched.Options {
	o := sched.Options{Init: inits}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Main runs main in a coroutine and exits the process when it returns, whoever
// else is still there: as a Go program does. The status is 0; 2 after a panic
// or a deadlock, with the report on standard error; 1 for wrong options.
func Main(main func(), opts ...Option) {
	o := options(opts)
	rec := o.Recorder
	exit := func(code int, report string) {
		if rec != nil {
			_ = rec.Stop()
		}
		if report != "" {
			fmt.Fprintln(os.Stderr, report)
		}
		os.Exit(code)
	}
	o.OnPanic = func(p *PanicError) { exit(2, p.Error()) }
	o.OnDeadlock = func(d *DeadlockError) { exit(2, "fatal error: "+d.Error()) }
	o.OnReturn = func() { exit(0, "") }
	if err := sched.Run(main, o); err != nil {
		exit(1, err.Error())
	}
	exit(0, "") // main called Goexit, and all others have ended
}

// Run runs main in a coroutine and returns when it has returned and every
// coroutine that it left behind has been unwound: each ends where it stands, and
// its deferred calls run. A coroutine that is in a native blocking call, or
// computes, ends at its next call into weft, and Run waits for it.
//
// A deadlock is returned as a *DeadlockError, a wrong option as an error before
// anything runs. A panic that no coroutine recovered comes out of Run as a panic
// with a *PanicError. Run may be called by any goroutine, also by several at
// once; each call is a runtime of its own. Called in a coroutine it blocks that
// one natively.
func Run(main func(), opts ...Option) error { return sched.Run(main, options(opts)) }

// Go starts a coroutine that runs fn: the go statement (newproc). In an
// ordinary goroutine it starts one in the default runtime, which lives as long
// as the process. It doesn't park.
//
//go:linkname Go github.com/weftgo/weft/sched.Go
func Go(fn func()) // one function under two names: a call less, and its caller is the place of creation

// GoArg starts a coroutine that calls fn with arg, which is copied at the call.
//
//go:noinline
func GoArg[A any](fn func(A), arg A) {
	sched.Current().Newproc(func() { fn(arg) }, ident.CallerPC())
}

// Yield lets the others that can run go first. In an ordinary goroutine it is
// runtime.Gosched.
func Yield() { sched.Yield() }

// Sleep parks the calling coroutine for at least d. Others run; when the timer
// fires it is runnable again. In an ordinary goroutine it is time.Sleep.
func Sleep(d time.Duration) { sched.Sleep(d) }

// Goexit ends the calling coroutine after running its deferred calls. In an
// ordinary goroutine it is runtime.Goexit.
func Goexit() { runtime.Goexit() }

// Block calls fn, which may block its thread: a system call, a native lock, cgo.
// The coroutine's P goes to another worker first, so that nobody else waits.
// Without Block the monitor does the same after about 10 ms.
func Block(fn func()) { sched.Block(fn) }

// Do calls fns, in parallel as far as Ps are idle, and returns when all have
// returned. A function that no other P took is called on the caller's stack, as
// a plain call. If one panics, Do panics when the others have ended.
func Do(fns ...func()) { sched.Do(fns) }

// SetProcs changes the number of Ps of the calling coroutine's runtime (of the
// default one in an ordinary goroutine) and returns the number before. n < 1
// changes nothing. Ps too many go when their coroutine next enters the runtime.
func SetProcs(n int) int { return sched.Current().SetProcs(n) }

// ReadStats returns the counters of the calling coroutine's runtime, of the
// default one in an ordinary goroutine.
func ReadStats() Stats { return sched.Current().ReadStats() }
