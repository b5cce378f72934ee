// Package sched is weft's scheduler: it distributes coroutines (G) over
// workers (M) that hold a processor (P).
//
// # The design, rejected ways first
//
// One queue under one lock (the alternative Options.Shared, kept so that its
// cost can be seen) makes every newproc, ready and schedule meet at that lock.
// A queue for each worker would strand the work of one whose coroutine blocks
// its thread. So work hangs on Ps, of which there are as many as may run at
// once, and a P can be taken from a worker that is stuck and handed to another.
//
//  1. A coroutine that becomes runnable goes on the current P's queue (runq.go).
//  2. A worker takes from its P: the queue; now and then, and when that is
//     empty, the global queue; then the poller; then half of another P's queue
//     (find.go).
//  3. A worker that finds nothing gives its P back and sleeps. Whoever makes
//     work available while there are idle Ps wakes one worker, if none is
//     searching already (wakep). A searching (spinning) worker that finds work
//     and was the last to search wakes another. A worker that stops searching
//     first says so and then looks at every queue once more. So either the one
//     who adds work sees no searcher and wakes one, or the searcher sees the work.
//     (What goes on a P's own queue is published by a plain store, which that
//     look may pass in the processor. Then nobody is woken; but the work stands
//     in the queue of the P that added it, which runs it next, or is retaken.)
//     A worker that found nothing first naps a little, and longer each time, and
//     while it does nobody is woken: for two coroutines that take turns on one P
//     a wake-up each time would cost more than their work (idle.go).
//  4. The last idle worker sleeps in the poller, until the next timer (idle.go).
//  5. sysmon takes the P of a worker that has been in user mode for 10 ms with
//     the same coroutine (p.go, sysmon.go).
//
// Parking is one protocol for every kind of wait (waiter.go), and commits when
// the coroutine has left its stack: on g0, or on that of the one that goes on
// (park0, switch.go).
//
// Lock order: Sched.looks, netpoller.inside, Timer.mu, timers.mu, Sched.lock,
// Sched.glock. netpoller.mu is a leaf.
package sched

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// Options is how a runtime is made. The zero value is the usual one.
type Options struct {
	Procs    int             // Ps; 0: GOMAXPROCS
	Shared   bool            // one shared queue under a lock instead of local queues
	Chooser  Chooser         // who runs next; nil: the queues' order. Needs Procs 1
	Clock    clock.Clock     // nil: the machine's
	IO       string          // I/O model by name; "": the best of the machine
	Poller   poll.Poller     // given outright; nil: made for IO when first needed
	Recorder *trace.Recorder // nil: no recording
	Init     []func()        // registered initialisers, run by g1 before main

	// OnReturn is called when main has returned, before anything is unwound.
	OnReturn func()

	// OnPanic is told of a panic that nobody recovered, OnDeadlock of a
	// deadlock. nil: Run returns it.
	OnPanic    func(*PanicError)
	OnDeadlock func(*DeadlockError)

	OnCycle func(report string) // told of a cycle of lock owners; nil: standard error

	NoDeadlock bool // don't look for deadlocks: others may wake the coroutines
}

// Chooser picks which of the runnable coroutines runs next. It is called on g0
// whenever there is a choice to make, and must not call weft.
type Chooser interface {
	Choose(runnable []*G) int
}

// MaxProcs is the largest number of Ps.
const MaxProcs = 1 << 10

// Sched is one runtime: its tables (allgs, allm, allp, m0 with its g0) and what
// its workers share.
type Sched struct {
	opts    Options
	clock   clock.Clock
	virtual *clock.Virtual // clock, if that is a virtual one
	chooser Chooser
	shared  bool
	rec     *trace.Recorder
	m0      *M
	start   time.Time // wall time at clock 0

	allps atomic.Pointer[[]*P] // replaced whole, under lock
	procs atomic.Int32         // Ps wanted: allp[:procs]

	npidle     atomic.Int32
	nmspinning atomic.Int32
	nm         atomic.Int32 // len(allm)
	nsleep     atomic.Int32 // Ms that sleep, in midle or in the poller
	napping    atomic.Bool  // the M in the poller sleeps a short while (idle.go)
	runqsize   atomic.Int32 // of runq
	stopping   atomic.Bool  // main has returned: unwind
	nstk       atomic.Int32 // stacks
	nstkfree   atomic.Int32 // in stkfree
	goidgen    atomic.Uint64
	wakeups    atomic.Uint64
	handoffs   atomic.Uint64
	retakes    atomic.Uint64
	lastpoll   atomic.Int64 // when the poller was last asked, 0 while somebody sleeps in it
	pollUntil  atomic.Int64 // when that sleeper wakes by itself, 0: not at all

	lock    Lock
	allm    []*M
	midle   *M
	pidle   *P
	runq    globq
	stkfree []*stk
	dying   map[*stk]struct{} // stacks that ended away from home (switch.go)
	dead    bool              // every coroutine has ended: Ms go
	mwg     sync.WaitGroup

	glock           Lock
	allgs           [][]G
	gfree           gStack
	spawned, exited uint64 // without a P

	starters   G // stands for every Starter; never runs
	np         netpoller
	sleeper    sleeper
	sysmon     sysmon
	sysmonRuns atomic.Bool
	dl         deadlockWatch
	looks      sync.Mutex // held to look at parked coroutines (look.go); before all other locks
	failure    atomic.Pointer[error]
	unwound    chan struct{} // closed when the last coroutine has ended
	unwindMu   sync.Mutex
	doneMain   atomic.Bool
}

// New makes a runtime. It has no worker yet: Start gives it one.
func New(opts Options) (*Sched, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	s := &Sched{opts: opts, clock: opts.Clock, chooser: opts.Chooser, shared: opts.Shared, rec: opts.Recorder}
	if s.clock == nil {
		s.clock = clock.NewReal()
	}
	if c, ok := s.clock.(*clock.Real); ok {
		s.start = c.Start() // exactly, so that it compares with time.Now
	} else {
		s.start = time.Now().Add(-time.Duration(s.clock.Now()))
	}
	s.virtual, _ = s.clock.(*clock.Virtual)
	s.unwound = make(chan struct{})
	s.starters.sched = s
	s.dying = make(map[*stk]struct{})
	s.sleeper.init()
	return s, nil
}

func (o *Options) check() error {
	switch {
	case o.Procs != 0:
	case o.Chooser != nil:
		o.Procs = 1
	default:
		o.Procs = runtime.GOMAXPROCS(0)
	}
	switch {
	case o.Procs < 0 || o.Procs > MaxProcs:
		return fmt.Errorf("weft: %d Ps: give a number from 1 to %d, or 0 for GOMAXPROCS", o.Procs, MaxProcs)
	case o.Recorder != nil && !recordable:
		return errors.New("weft: built with the tag weftnotrace, this program can't record: build it without")
	case o.Chooser != nil && o.Procs != 1:
		return fmt.Errorf("weft: a Chooser (or a seed) decides for one P, not for %d: leave Procs out", o.Procs)
	}
	return nil
}

// Now returns the runtime's time in nanoseconds.
func (s *Sched) Now() int64 { return s.clock.Now() }

// Procs returns the number of Ps.
func (s *Sched) Procs() int { return int(s.procs.Load()) }

func (s *Sched) allp() []*P {
	if p := s.allps.Load(); p != nil {
		return *p
	}
	return nil
}

// SetProcs changes the number of Ps to n while the runtime runs, and returns
// the number before; n < 1 changes nothing. More Ps are there at once. A P too
// many goes when its owner next schedules, or when sysmon takes it; its work
// goes to the others.
func (s *Sched) SetProcs(n int) int {
	s.lock.Lock()
	old := int(s.procs.Load())
	if n < 1 || n > MaxProcs || n == old || s.chooser != nil {
		s.lock.Unlock()
		return old
	}
	destroy := s.procresizeLocked(n)
	s.lock.Unlock()
	for _, pp := range destroy {
		s.pdestroy(pp)
	}
	s.emitShared(trace.KProcs, 0, 0, uint64(old), uint64(n), 0)
	for range n - old {
		s.wakepNow()
	}
	return old
}

// procresizeLocked makes allp[:n] live and marks the rest dying. It returns the
// idle ones among those: nobody else will see to them.
func (s *Sched) procresizeLocked(n int) (destroy []*P) {
	all := append([]*P(nil), s.allp()...)
	for i := range max(n, len(all)) {
		switch {
		case i >= len(all):
			pp := s.newP(i)
			all = append(all, pp)
			s.pidleputLocked(pp)
		case i >= n:
			all[i].dying.Store(true)
			all[i].setGate()
		case all[i].dead.Load():
			all[i] = s.newP(i)
			s.pidleputLocked(all[i])
		default:
			all[i].dying.Store(false)
			all[i].setGate()
		}
	}
	s.allps.Store(&all)
	s.procs.Store(int32(n))
	for link := &s.pidle; *link != nil; {
		pp := *link
		if !pp.dying.Load() {
			link = &pp.link
			continue
		}
		*link, pp.link = pp.link, nil
		s.npidle.Add(-1)
		destroy = append(destroy, pp)
	}
	return destroy
}

func (s *Sched) newP(id int) *P {
	pp := &P{id: int32(id), sched: s}
	pp.rng.Seed(uint64(id)*0x9E3779B97F4A7C15+1, 0xD1B54A32D192ED03)
	pp.word.Store(pword(ownerNone, 0, modeRuntime))
	pp.setGate()
	if s.tracing() {
		pp.ring = s.rec.Ring(id)
	}
	return pp
}

// pdestroy gives all that a dying P has to others. The caller has taken it
// from its owner or from the idle list.
func (s *Sched) pdestroy(pp *P) {
	var work gList
	for {
		gp, _ := pp.runqget()
		if gp == nil {
			break
		}
		work.push(gp)
	}
	pp.timers.moveTo(&s.allp()[0].timers)
	s.glock.Lock()
	for gp := pp.gfree.pop(); gp != nil; gp = pp.gfree.pop() {
		s.gfree.push(gp)
	}
	s.spawned += pp.stats.spawned.Swap(0)
	s.exited += pp.stats.exited.Swap(0)
	s.glock.Unlock()
	s.lock.Lock()
	s.stkfree = append(s.stkfree, pp.stkfree...)
	s.nstkfree.Add(int32(len(pp.stkfree)))
	pp.stkfree = nil
	pp.dead.Store(true)
	s.runq.append(&work)
	s.runqsize.Store(int32(s.runq.n))
	s.lock.Unlock()
	if when := s.allp()[0].timers.when0.Load(); when != 0 {
		s.wakeForTimer(when)
	}
	s.wakep()
}

func (s *Sched) pidleputLocked(pp *P) {
	pp.link = s.pidle
	s.pidle = pp
	s.npidle.Add(1)
	if r := pp.recording(); r != nil {
		r.Emit(trace.KPIdle, 0, -1, 0, 0, 0, 0)
	}
}

func (s *Sched) pidlegetLocked() *P {
	pp := s.pidle
	if pp == nil {
		return nil
	}
	s.pidle, pp.link = pp.link, nil
	s.npidle.Add(-1)
	s.sysmon.wake()
	return pp
}

// pidleget takes a P from the idle list, nil if there is none.
func (s *Sched) pidleget() *P {
	if s.npidle.Load() == 0 {
		return nil
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.pidlegetLocked()
}

// globrunqput puts gp at the end of the global queue. From anywhere.
func (s *Sched) globrunqput(gp *G) {
	s.lock.Lock()
	s.runq.push(gp)
	s.runqsize.Store(int32(s.runq.n))
	s.lock.Unlock()
}

func (s *Sched) globrunqputbatch(l *gList) {
	s.lock.Lock()
	s.runq.append(l)
	s.runqsize.Store(int32(s.runq.n))
	s.lock.Unlock()
}

// globrunqget takes up to most (0: a fair share) from the global queue: one to
// return, the others to pp's queue.
func (s *Sched) globrunqget(mp *M, pp *P, most int) *G {
	if s.runqsize.Load() == 0 {
		return nil
	}
	s.lock.Lock()
	n := min(s.runq.n, s.runq.n/int(s.procs.Load())+1, runqsize/2)
	if most > 0 {
		n = min(n, most)
	}
	if s.shared {
		n = min(n, 1)
	}
	var got [runqsize / 2]*G
	for i := range n {
		got[i] = s.runq.pop()
	}
	s.runqsize.Store(int32(s.runq.n))
	s.lock.Unlock()
	if n == 0 {
		return nil
	}
	mp.emit(trace.KGlobGet, 0, 0, uint64(n), 0, 0)
	for _, gp := range got[1:n] {
		mp.runqput(pp, gp, false)
	}
	return got[0]
}

func (s *Sched) emitShared(k trace.Kind, sub uint8, g, a, b, c uint64) {
	if s.tracing() {
		s.rec.Shared().Emit(k, sub, -1, g, a, b, c)
	}
}
