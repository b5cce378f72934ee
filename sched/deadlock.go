package sched

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/weftgo/weft/trace"
)

// Deadlock. When every M sleeps, no timer is armed and nobody waits for a
// descriptor, a coroutine can still be woken by an ordinary goroutine. So the
// runtime counts those: if every goroutine of the process is one that weft made
// or that waits for weft (Run's caller), nothing can happen any more, and the
// report is made at once. If there are others, it looks at what they do; those
// that can't reach a coroutine (the testing package's waiting parents, the
// signal loop, goroutines parked in weft) don't count either. While some remain
// it looks again later, ever more rarely.
//
// What it can't see is a callback that no goroutine stands for yet: a native
// time.AfterFunc. Options.NoDeadlock is for programs that are woken so; wtime's
// timers are seen.

// DeadlockError says that all coroutines wait for one another, or for nobody.
type DeadlockError struct {
	Parked []ParkedG
}

// ParkedG is a coroutine that is parked, for ever if it is in a DeadlockError.
type ParkedG struct {
	ID       uint64
	Entry    string
	Reason   trace.Reason
	Obj      any    // what it waits for
	ObjAddr  uint64 // its address; a descriptor's number; how long a sleep is
	Holder   string // who holds that, "" if nobody or not known
	HolderID uint64 // if that is a coroutine
	GoPC     uintptr
	Parent   uint64
	Stack    []uintptr // program counters, innermost first
}

const deadlockShown = 50 // coroutines that Error tells of

// Error tells of each coroutine what it waits for, who holds that, where it was
// created and where it stands.
func (e *DeadlockError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "all coroutines are parked - deadlock! (%d)\n", len(e.Parked))
	for i := range e.Parked {
		if i == deadlockShown {
			fmt.Fprintf(&b, "\n... and %d more\n", len(e.Parked)-i)
			break
		}
		e.Parked[i].write(&b)
	}
	return b.String()
}

func (p *ParkedG) write(b *strings.Builder) {
	fmt.Fprintf(b, "\ncoroutine g%d %s [%s", p.ID, p.Entry, p.Reason)
	if name, ok := p.Obj.(fmt.Stringer); ok {
		fmt.Fprintf(b, " %s", name)
	} else if p.ObjAddr != 0 {
		fmt.Fprintf(b, " %#x", p.ObjAddr)
	}
	b.WriteString("]")
	if p.Holder != "" {
		fmt.Fprintf(b, ", held by %s", p.Holder)
	}
	fmt.Fprintf(b, ", %s\n", createdAt(p.GoPC, p.Parent))
	for _, f := range p.Calls() {
		fmt.Fprintf(b, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
	}
}

// Calls resolves Stack, without what lies below gopark and how a coroutine is
// carried.
func (p *ParkedG) Calls() (calls []runtime.Frame) {
	frames := runtime.CallersFrames(p.Stack)
	for more := len(p.Stack) > 0; more; {
		var f runtime.Frame
		if f, more = frames.Next(); shownFrame(f.Function) {
			calls = append(calls, f)
		}
	}
	return calls
}

// shownFrame leaves out how a coroutine is carried.
func shownFrame(fn string) bool {
	return fn != "" && !strings.HasPrefix(fn, "runtime.") && !strings.HasPrefix(fn, "iter.") &&
		!strings.Contains(fn, "weft/sched.") && !strings.Contains(fn, "weft/coro.")
}

// deadlockWatch is the goroutine that decides; there is one while the runtime
// is suspected.
type deadlockWatch struct {
	mu      sync.Mutex
	running bool
	quit    chan struct{}
	ended   chan struct{}
}

func (w *deadlockWatch) stop() {
	w.mu.Lock()
	running := w.running
	if running {
		close(w.quit)
	}
	w.mu.Unlock()
	if running {
		<-w.ended
	}
}

// checkIdle is called by an M that has counted itself in nsleep and is about
// to sleep.
func (s *Sched) checkIdle() {
	if !s.quiescent() {
		return
	}
	timer := s.nextTimer() != 0
	if timer && s.virtual != nil {
		s.breakPoller() // it moves the clock
	}
	if timer || s.opts.NoDeadlock || !s.looksDead() {
		return
	}
	w := &s.dl
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.running {
		w.running = true
		w.quit, w.ended = make(chan struct{}), make(chan struct{})
		go s.watchDeadlock()
	}
}

// quiescent reports whether every M sleeps.
func (s *Sched) quiescent() bool { return s.nsleep.Load() == s.nm.Load() }

// looksDead reports whether nothing inside the runtime can happen any more.
func (s *Sched) looksDead() bool {
	return s.quiescent() && s.runqsize.Load() == 0 && s.nextTimer() == 0 &&
		s.netpollWaiters() == 0 && !s.stopping.Load()
}

func (s *Sched) watchDeadlock() {
	w := &s.dl
	defer func() {
		w.mu.Lock()
		w.running = false
		close(w.ended)
		w.mu.Unlock()
	}()
	wait := 20 * time.Millisecond
	for s.looksDead() {
		if !foreignGoroutines() && s.looksDead() {
			if parked, ok := s.parkedGs(); ok {
				s.emitShared(trace.KDeadlock, 0, 0, uint64(len(parked)), 0, 0)
				s.fail(&DeadlockError{Parked: parked})
			}
			return
		}
		select {
		case <-w.quit:
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// foreignGoroutines reports whether there may be a goroutine that could wake a
// coroutine.
func foreignGoroutines() bool {
	own, quiet := ownGoroutines()
	if !quiet {
		return true
	}
	n := runtime.NumGoroutine()
	if n <= own {
		return false
	}
	if n > 20000 {
		return true // too many to look at
	}
	buf := make([]byte, 1<<20)
	for {
		if k := runtime.Stack(buf, true); k < len(buf) {
			buf = buf[:k]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	for g := range bytes.SplitSeq(buf, []byte("\n\n")) {
		if !inert(g) {
			return true
		}
	}
	return false
}

// ownGoroutines counts the goroutines that weft made or that wait in Run, and
// reports whether all runtimes are quiescent.
func ownGoroutines() (n int, quiet bool) {
	runtimes.mu.Lock()
	defer runtimes.mu.Unlock()
	quiet = true
	for _, s := range runtimes.live {
		n += int(s.nstk.Load()) + int(s.nm.Load()) + 1
		if s.sysmonRuns.Load() {
			n++
		}
		s.dl.mu.Lock()
		if s.dl.running {
			n++
		}
		s.dl.mu.Unlock()
		if !s.quiescent() || s.nextTimer() != 0 || s.netpollWaiters() > 0 {
			quiet = false
		}
	}
	return n, quiet
}

// inert reports whether the goroutine with this trace can't wake a coroutine:
// it is blocked, and it is weft's own, or waits for one, or is part of the test
// harness. One that has just been woken is not blocked.
func inert(trace []byte) bool {
	head, _, _ := bytes.Cut(trace, []byte("\n"))
	switch {
	case len(head) == 0, bytes.Contains(head, []byte("[coroutine")):
		return true
	case bytes.Contains(head, []byte("[running")): // this one
		return bytes.Contains(trace, []byte("weft/sched.(*Sched).watchDeadlock"))
	case bytes.Contains(head, []byte("[runnable")):
		return false
	}
	for _, mark := range inertMarks {
		if bytes.Contains(trace, []byte(mark)) {
			return true
		}
	}
	return false
}

var inertMarks = []string{
	"weft/sched.(*M).mstart",
	"weft/sched.(*Sched).sysmonMain",
	"weft/sched.(*Sched).watchDeadlock(",
	"weft/sched.(*Sched).wait(",
	"weft/sched.(*Waiter).parkNative",
	"testing.(*T).Run(",
	"testing.(*T).Parallel(",
	"testing.(*M).startAlarm",
	"testing.tRunner.func",
	"os/signal.loop",
	"os/signal.signal_recv",
	"runtime.ensureSigM",
	"weft/trace.(*Recorder)",
	"weft/observe.",
}

// parkedGs describes every coroutine. false: one is not parked after all.
func (s *Sched) parkedGs() ([]ParkedG, bool) {
	s.looks.Lock() // and not: somebody looks at it
	defer s.looks.Unlock()
	if !s.looksDead() {
		return nil, false
	}
	s.glock.Lock()
	slabs := s.allgs
	s.glock.Unlock()
	var parked []ParkedG
	for _, slab := range slabs {
		for i := range slab {
			gp := &slab[i]
			switch gp.Status() {
			case Gidle, Gdead:
			default:
				p, ok := gp.look()
				if !ok {
					return nil, false
				}
				parked = append(parked, p)
			}
		}
	}
	return parked, len(parked) > 0
}

func (gp *G) describe() ParkedG {
	p := ParkedG{
		ID: gp.ID(), Entry: gp.Entry(), Reason: gp.waitwhy, Obj: gp.waitobj,
		ObjAddr: objAddr(gp.waitobj), GoPC: gp.gopc, Parent: gp.parent, Stack: gp.stackTrace(),
	}
	if h, ok := gp.waitobj.(interface{ HeldBy() string }); ok {
		p.Holder, p.HolderID = h.HeldBy(), holderID(gp.waitobj)
	}
	return p
}

// stackTrace asks a borrowed coroutine where it stands: it is switched to, sees
// errand set (postpark), notes its own callers and switches back. The caller must
// not be locked to its thread.
func (gp *G) stackTrace() []uintptr {
	st := gp.stk
	if st == nil {
		return nil
	}
	var me stk
	e := errand{to: &me, pcs: make([]uintptr, 64)}
	st.errand = &e
	me.at = st.at
	me.at.Swap()
	return e.pcs
}

// ReportCycle tells of a cycle of lock owners that has just formed. Others may
// still unlock for them, so it is told, and the run goes on.
func ReportCycle(report string) {
	if st := self(); st != nil && st.m.sched.opts.OnCycle != nil {
		st.m.sched.opts.OnCycle(report)
		return
	}
	fmt.Fprint(os.Stderr, "weft: ", report)
}
