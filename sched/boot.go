package sched

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/weftgo/weft/coro"
	"github.com/weftgo/weft/trace"
)

// A runtime's life, step by step, as trace.Step names it:
//
//	entry → checks → schedinit → newproc(main) → mstart
//	      → runtime main: sysmon → initialisers → main → main returned
//	      → unwind → exit
//
// runtime main is g1, the first coroutine; m0 is the M that it begins on, and
// m0's own stack is g0.

// Run makes a runtime with opts and runs main in its first coroutine. When main
// has returned, the coroutines left are unwound: their deferred calls run. Then
// Run returns. It blocks the calling goroutine.
//
// A deadlock, or a cycle of lock owners, is returned as a *DeadlockError; a
// panic of any coroutine that nobody recovered comes out of Run as a panic with
// a *PanicError. Options.OnPanic and OnDeadlock see them first.
func Run(main func(), opts Options) error {
	if main == nil {
		return fmt.Errorf("weft: Run of a nil function")
	}
	s, err := New(opts)
	if err != nil {
		return err
	}
	s.boot(main)
	return s.wait()
}

// boot takes the steps up to mstart.
func (s *Sched) boot(main func()) {
	register(s)
	if s.tracing() {
		s.rec.Start()
	}
	s.step(trace.StepEntry)
	s.step(trace.StepChecks)
	s.schedinit()
	s.step(trace.StepNewprocMain)
	gp := s.newMain(main)
	pp := s.allp()[0]
	s.step(trace.StepMstart)
	s.m0.nextp = pp
	pp.runnext.store(gp)
	s.mwg.Add(1)
	go s.m0.mstart()
}

// schedinit makes the Ps and m0 with its g0, and binds allp[0] to m0.
func (s *Sched) schedinit() {
	s.lock.Lock()
	s.procresizeLocked(s.opts.Procs)
	s.lastpoll.Store(max(s.Now(), 1))
	s.m0 = s.newMLocked()
	for link := &s.pidle; *link != nil; link = &(*link).link {
		if pp := *link; pp.id == 0 {
			*link, pp.link = pp.link, nil
			s.npidle.Add(-1)
			break
		}
	}
	s.lock.Unlock()
	s.step(trace.StepSchedinit)
	s.emitShared(trace.KProcs, 0, 0, 0, uint64(s.opts.Procs), 0)
}

// newMain makes g1.
func (s *Sched) newMain(main func()) *G {
	gp := s.gnew(func() { s.main(main) }, funcPC(main), 0)
	s.emitShared(trace.KGoCreate, uint8(trace.QRunnext), 0, gp.ID(), uint64(funcPC(main)), 0)
	return gp
}

// main is the runtime's own main, on g1.
func (s *Sched) main(main func()) {
	s.step(trace.StepRuntimeMain)
	s.step(trace.StepSysmon)
	s.startSysmon()
	defer s.mainEnded() // also when main panics or calls Goexit
	s.step(trace.StepInit)
	for _, init := range s.opts.Init {
		init()
	}
	s.step(trace.StepMain)
	main()
	s.step(trace.StepMainReturned)
	if s.opts.OnReturn != nil {
		s.step(trace.StepExit)
		s.opts.OnReturn()
	}
}

func (s *Sched) step(st trace.Step) {
	s.emitShared(trace.KBoot, uint8(st), 0, 0, 0, 0)
}

// wait blocks until the runtime has ended and cleans up after it.
func (s *Sched) wait() error {
	<-s.unwound
	unregister(s) // first: what shutdown ends must not be counted as still there
	s.shutdown()
	s.step(trace.StepExit)
	if s.tracing() {
		s.rec.Flush()
	}
	if errp := s.failure.Load(); errp != nil {
		if p, ok := (*errp).(*PanicError); ok {
			panic(p)
		}
		return *errp
	}
	return nil
}

// shutdown ends the Ms, sysmon, the free stacks and the poller. Every coroutine
// has ended.
func (s *Sched) shutdown() {
	s.stopSysmon()
	s.lock.Lock()
	s.dead = true
	idle := s.midle
	s.midle = nil
	s.lock.Unlock()
	for mp := idle; mp != nil; {
		next := mp.link
		mp.link = nil
		s.nsleep.Add(-1)
		mp.note <- struct{}{}
		mp = next
	}
	s.breakPoller()
	s.mwg.Wait()
	s.dl.stop()
	var all []*stk
	for _, pp := range s.allp() {
		pp.timers.drop()
		all = append(all, pp.stkfree...)
		pp.stkfree = nil
	}
	all = append(all, s.stkfree...)
	s.stkfree = nil
	for st := range s.dying {
		all = append(all, st)
	}
	s.endStacks(all)
	s.netpollClose()
}

// PanicError is a panic that nobody recovered, with the coroutine that it
// ended: who it was, where it was created, its own stack.
type PanicError struct {
	coro.PanicError
	Entry  string  // its function
	GoPC   uintptr // where it was created
	Parent uint64  // by which coroutine, 0 for none
}

func newPanicError(gp *G, v any) *PanicError {
	if p, ok := v.(*PanicError); ok {
		return p // passed on by Do: keep where it came from
	}
	return gp.panicError(v)
}

// panicError describes the panic v that gp is in; its stack is the caller's.
func (gp *G) panicError(v any) *PanicError {
	return &PanicError{
		PanicError: coro.PanicError{ID: gp.ID(), Value: v, Stack: debug.Stack()},
		Entry:      gp.Entry(), GoPC: gp.gopc, Parent: gp.parent,
	}
}

// Error tells the value, the coroutine, its creation site and its stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("panic: %v\n\ncoroutine g%d %s [running], %s\n%s",
		panicText(e.Value), e.ID, e.Entry, createdAt(e.GoPC, e.Parent), e.Stack)
}

func panicText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case string:
		return v
	}
	return fmt.Sprintf("%#v", v)
}

func createdAt(pc uintptr, parent uint64) string {
	by := "created outside the runtime"
	if parent != 0 {
		by = fmt.Sprintf("created by g%d", parent)
	}
	if pc == 0 {
		return by
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return fmt.Sprintf("%s in %s at %s:%d", by, f.Function, f.File, f.Line)
}

// The default runtime serves weft.Go and blocking calls that need a runtime
// when an ordinary goroutine makes them. It lives as long as the process.
var (
	defaultOnce sync.Once
	defaultRT   *Sched
)

// Default returns the default runtime, which it starts at the first call.
func Default() *Sched {
	defaultOnce.Do(func() {
		s, err := New(Options{NoDeadlock: true})
		if err != nil {
			throw(err.Error())
		}
		s.boot(func() {
			w := Self()
			w.Park(w.Begin(), trace.WaitUser, nil)
		})
		go func() { _ = s.wait() }() // a panic of a coroutine ends the process here
		defaultRT = s
	})
	return defaultRT
}

// Current returns the calling coroutine's runtime; in an ordinary goroutine the
// default one.
func Current() *Sched {
	if st := self(); st != nil {
		return st.m.sched
	}
	return Default()
}
