package sched

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/weftgo/weft/coro"
	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/trace"
)

// Status is what a G is doing, under the Go runtime's names.
//
//	Gidle ─newproc─▶ Grunnable ─execute─▶ Grunning ─goexit─▶ Gdead ─newproc─▶ …
//	                     ▲                  │  ▲ │
//	                     ├─────yield────────┘  │ └─Block─▶ Gsyscall ─┐
//	                     │                     └─────────────────────┤
//	                     └─ready── Gwaiting ◀──gopark── Grunning     │
//	                     ▲                                           │
//	                     └──────────── came back and found no P ─────┘
type Status uint32

// The statuses.
const (
	Gidle Status = iota
	Grunnable
	Grunning
	Gsyscall // in Block
	Gwaiting
	Gdead
)

var statusNames = [...]string{"idle", "runnable", "running", "native call", "waiting", "dead"}

// String returns the status in words, as "runnable".
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown status"
}

// G is a coroutine: what it runs, what it waits for and, once it has run, the
// stack that it is on. A G is recycled when its function has returned and is
// never freed while its runtime lives.
//
// Ownership: whoever holds the G holds its fields. That is the M that runs it,
// the queue that it is in, or, while it waits, nobody: Waiter.state decides who
// gets it (waiter.go). status and goid may be read by anyone.
type G struct {
	Waiter // its embedded state word is the arbiter; G.Waiter.g is this G

	status    atomic.Uint32 // Status; for inspection and checks, decides nothing
	waitwhy   trace.Reason  // why it parks
	goid      atomic.Uint64
	schedlink *G     // next in a gList
	stk       *stk   // nil: fresh, has not run yet
	fn        func() // what it runs
	gopc      uintptr
	parent    uint64
	waitobj   any
	sched     *Sched
}

// ID returns the coroutine's number, which no other coroutine of its runtime
// has had. The one that runs main is 1.
func (gp *G) ID() uint64 { return gp.goid.Load() }

// Status returns what gp is doing at the moment.
func (gp *G) Status() Status { return Status(gp.status.Load()) }

// Entry returns the name of gp's function, as "main.worker".
func (gp *G) Entry() string {
	if f := runtime.FuncForPC(funcPC(gp.fn)); f != nil {
		return f.Name()
	}
	return "unknown"
}

// WaitObj returns what gp is parked on: the obj given to Park.
func (gp *G) WaitObj() any { return gp.waitobj }

func (gp *G) setStatus(s Status) { storeRel32(&gp.status, uint32(s)) }

func funcPC(fn func()) uintptr {
	if fn == nil {
		return 0
	}
	return **(**uintptr)(unsafe.Pointer(&fn)) // a func value points to its code pointer
}

// objAddr is what an event or report shows for an object: its address; the
// descriptor's number, or how long a sleep is.
func objAddr(obj any) uint64 {
	switch v := obj.(type) {
	case *sleepTimer:
		return uint64(v.d)
	case *PollDesc:
		return uint64(v.fd)
	}
	type eface struct{ typ, data unsafe.Pointer }
	return uint64(uintptr((*eface)(unsafe.Pointer(&obj)).data))
}

// gList is a chain of Gs through schedlink; its owner is whoever has it.
type gList struct {
	head, tail *G
	n          int
}

// push puts gp at the end.
func (l *gList) push(gp *G) {
	gp.schedlink = nil
	if l.tail != nil {
		l.tail.schedlink = gp
	} else {
		l.head = gp
	}
	l.tail = gp
	l.n++
}

// pop takes the first, nil if there is none.
func (l *gList) pop() *G {
	gp := l.head
	if gp == nil {
		return nil
	}
	l.head = gp.schedlink
	if l.head == nil {
		l.tail = nil
	}
	gp.schedlink = nil
	l.n--
	return gp
}

// gStack is a pile of free Gs, linked through schedlink.
type gStack struct {
	head *G
	n    int
}

func (l *gStack) push(gp *G) {
	gp.schedlink = l.head
	l.head = gp
	l.n++
}

func (l *gStack) pop() *G {
	gp := l.head
	if gp != nil {
		l.head = gp.schedlink
		l.n--
	}
	return gp
}

// stk is a stack: it runs one G after the other, for as long as fresh ones come,
// and keeps a parked G's execution state. Each M has one more, for g0, which is
// its own goroutine's.
type stk struct {
	coro.Raw
	at      *stk // in whose place it rests; owned with the stack (switch.go)
	g       *G
	m       *M          // on which it runs; set before every switch to it
	sleep   *sleepTimer // made at the first Sleep; for whoever runs on the stack
	slot    any         // Waiter.Slot
	errand  *errand     // to a stack at rest: do this first (switch.go)
	dying   atomic.Bool // it ended away from home
	resting             // for foresee
	g0      bool        // an M's own stack: scheduling code, in runtime mode
	quit    bool        // to an idle stack: end
}

// here finds the stack that the caller runs on (RATIONALE: "How does a call
// find its coroutine?").
var here ident.Table

// self returns the caller's stack, nil in an ordinary goroutine.
func self() *stk { return (*stk)(here.Get()) }

// Getg returns the calling coroutine, nil in an ordinary goroutine.
func Getg() *G {
	if s := self(); s != nil && !s.g0 {
		return s.g
	}
	return nil
}
