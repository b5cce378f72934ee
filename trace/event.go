// Package trace is what a run says of itself: every scheduling decision is an
// [Event], written to a ring that belongs to the P it was made on, drained by a
// [Recorder], and read back as a text timeline or as a Perfetto track.
package trace

// Kind says what happened. An Event's Sub, A, B and C mean what its Kind says.
type Kind uint8

// The kinds. "G" is Event.G: the coroutine on whose behalf the decision was
// made, 0 when it was made on g0 or by a goroutine outside the runtime.
const (
	KNone      Kind = iota
	KBoot           // a step of the runtime's life; Sub: Step; StepExit of Go's runtime: A: exit status, B: goroutines left
	KProcs          // procresize; A: Ps before, B: Ps after
	KGoCreate       // newproc by G; A: the new G, B: its entry pc, C: pc of the go statement; Sub: Queue it went to
	KGoStart        // execute; G: who runs now; Sub: Queue it came from; A: 1 when it has no stack yet (fresh)
	KGoPark         // gopark; G: who parks; Sub: Reason; A: object (see Reason), B: pc of the call that parks, C: G that holds A
	KGoReady        // goready by G (0: see C); A: who is runnable again; Sub: Queue it went to; B: object; C: Cause
	KGoYield        // G gave up its P, of its own will or (A: 1) because it was asked to; Sub: Queue it went to
	KGoExit         // goexit of G
	KGoBlock        // G entered Block or was caught in a native call; its P goes on without it
	KGoUnblock      // G came back from Block; A: 1 when it found a P at once
	KSteal          // A: victim P, B: how many Gs were taken, C: the one that runs first
	KOverflow       // the local queue was full: A: how many Gs went to the global queue
	KGlobGet        // A: how many Gs were taken from the global queue
	KMStart         // startm; A: the M, B: the P it is given; Sub: 1 when the M is new
	KMStop          // stopm: this M has no work and sleeps
	KMSpin          // this M looks for work; Sub: 1 begins, 0 ends
	KPAcquire       // acquirep: this M now owns this P
	KPIdle          // this P went to the idle list
	KHandoff        // handoffp; A: the P, B: the M that lost it
	KRetake         // sysmon took a P; A: the P, B: the M that lost it, C: nanoseconds it had run; Sub: 1 in a system call, 0 in user mode
	KNetpoll        // A: how many Gs became runnable, B: nanoseconds blocked; Sub: 1 when it could block
	KTimer          // a timer fired; A: when it was due, B: nanoseconds late
	KFork           // G's Do pushed a child that others may run
	KForkSteal      // G runs a child of Do that was pushed on another P; A: the G whose Do it is, B: that P
	KFdOpen         // A: descriptor
	KFdClose        // A: descriptor
	KPanic          // G panicked and nobody recovered
	KDeadlock       // A: how many coroutines are parked for ever
	KLost           // P's ring was full; A: how many events were dropped here. Written by the ring itself
	KState          // A: how many events follow that say how things stand now, not what happens. See Machine.Snapshot

	// The rest is only said of Go's own runtime (package seam).

	KEntry    // the kernel starts the process; A: the entry point that its executable names
	KArgs     // what the kernel left; A: argc, B: address of argv
	KOSInit   // A: how many processors, B: bytes in a page
	KMInit    // this M's thread runs; A: address of the M, B: of its g0
	KPInit    // a P was made; A: its address
	KStack    // A: the G whose stack it is, 0: this M's g0; B: its lowest address, C: the first above it
	KGoEntry  // of the new G A; B: the call that its function returns behind, C: its closure
	KGoArg    // of the new G A: what its closure has captured; Sub: how many words, B, C: the first two
	KInitTask // an initialiser of a package runs; A: its pc
	KSyscall  // G enters a system call; A: pc of the call
	KSysret   // G is back from it; A: 1 when its P was still there or it got one at once
	KPreempt  // sysmon asks the G on a P to stop; A: the P, B: nanoseconds it has run
	KGCStop   // gcstopm: this M gives its P up because the world is to stop
	KChoose   // decision A of a schedule: B: the G that goes on, 0: time passes, C: how many could; Sub: which, 0 is the default
	KServed   // A: requests that the program has served so far, B: connections, C: nanoseconds since this was last looked at
	KindCount
)

var kindNames = [KindCount]string{
	"none", "boot", "procs", "create", "start", "park", "ready", "yield", "exit", "block", "unblock",
	"steal", "overflow", "globget", "mstart", "mstop", "mspin", "pacquire", "pidle", "handoff", "retake",
	"netpoll", "timer", "fork", "forksteal", "fdopen", "fdclose", "panic", "deadlock", "lost", "state",
	"entry", "args", "osinit", "minit", "pinit", "stack", "goentry", "goarg", "inittask", "syscall", "sysret",
	"preempt", "gcstop", "choose", "served",
}

// String returns the kind in one word, as "steal".
func (k Kind) String() string {
	if k < KindCount {
		return kindNames[k]
	}
	return "unknown"
}

// Event is one decision. Its size is fixed, so that a ring is an array.
type Event struct {
	Time    int64  // nanoseconds on the runtime's clock, since its start
	G       uint64 // coroutine id, 0 for none
	A, B, C uint64 // see Kind
	M       int32  // M id, -1 for none
	P       int16  // P id, -1 for none
	Kind    Kind
	Sub     uint8 // see Kind
}

// Reason says why a coroutine parks. The words are the Go runtime's where it
// has the same wait.
//
// The object of a park, Event.A, is the address of what is waited for, with two
// exceptions: a sleep carries its duration in nanoseconds, and I/O its file
// descriptor.
type Reason uint8

// The reasons.
const (
	WaitNone Reason = iota
	WaitChanReceive
	WaitChanSend
	WaitChanReceiveNil
	WaitChanSendNil
	WaitSelect
	WaitSelectNoCases
	WaitMutexLock
	WaitRWMutexRLock
	WaitRWMutexLock
	WaitWaitGroup
	WaitCond
	WaitOnce
	WaitSemaphore
	WaitGroup
	WaitSleep
	WaitIORead
	WaitIOWrite
	WaitIOAccept
	WaitIOConnect
	WaitIOClose
	WaitJoin
	WaitBlock
	WaitUser

	// Those of package sync and of Go's own runtime.

	WaitSyncMutexLock
	WaitSyncRWMutexRLock
	WaitSyncRWMutexLock
	WaitSyncWaitGroup
	WaitSyncCond
	WaitSemacquire
	WaitCoroutine
	WaitSynctest
	WaitPreempted
	WaitPanic
	WaitGC
	WaitRuntime
	ReasonCount
)

var reasonNames = [ReasonCount]string{
	"", "chan receive", "chan send", "chan receive (nil chan)", "chan send (nil chan)",
	"select", "select (no cases)", "wsync.Mutex.Lock", "wsync.RWMutex.RLock", "wsync.RWMutex.Lock",
	"wsync.WaitGroup.Wait", "wsync.Cond.Wait", "wsync.Once.Do", "wsync.Semaphore.Acquire", "wsync.Group.Wait",
	"sleep", "IO read", "IO write", "IO accept", "IO connect", "IO close", "join", "native call", "user",
	"sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock", "sync.WaitGroup.Wait", "sync.Cond.Wait", "semacquire",
	"coroutine", "synctest", "preempted", "panic", "garbage collection", "runtime",
}

// String returns the reason in words, as "chan receive".
func (r Reason) String() string {
	if r < ReasonCount {
		return reasonNames[r]
	}
	return "unknown reason"
}

// Queue names where a G was put or found.
type Queue uint8

// The queues.
const (
	QNone    Queue = iota
	QRunnext       // the P's next slot
	QLocal         // the P's local run queue
	QGlobal        // the global run queue
	QSteal         // another P's queue
	QNetpoll       // straight from the poller
	QStack         // taken by a finishing coroutine, on its stack
	QTimer         // straight from a timer
	QueueCount
)

var queueNames = [QueueCount]string{"", "runnext", "runq", "global runq", "stolen", "netpoll", "same stack", "timer"}

// String returns the queue's name, as "runq".
func (q Queue) String() string {
	if q < QueueCount {
		return queueNames[q]
	}
	return "unknown queue"
}

// Cause says who made a G runnable when no coroutine did.
type Cause uint8

// The causes.
const (
	ByCoroutine Cause = iota // Event.G did
	ByTimer
	ByNetpoll
	ByGoroutine // an ordinary goroutine outside the runtime
	BySysmon
	ByEarly  // whoever did came before the park was committed
	ByUnwind // the runtime is ending and lets it run its deferred calls
	CauseCount
)

var causeNames = [CauseCount]string{"coroutine", "timer", "netpoll", "goroutine", "sysmon", "earlier", "unwind"}

// String returns the cause in one word, as "timer".
func (c Cause) String() string {
	if c < CauseCount {
		return causeNames[c]
	}
	return "unknown cause"
}

// Step is a step of a runtime's life, from entry to exit.
type Step uint8

// The steps, in order.
const (
	StepEntry Step = iota
	StepChecks
	StepSchedinit
	StepNewprocMain
	StepMstart
	StepRuntimeMain
	StepSysmon
	StepInit
	StepMain
	StepMainReturned
	StepUnwind
	StepExit
	StepCount
)

var stepNames = [StepCount]string{
	"entry", "checks", "schedinit", "newproc(main)", "mstart", "runtime main", "sysmon",
	"initialisers", "main", "main returned", "unwind", "exit",
}

// String returns the step's name, as "schedinit".
func (s Step) String() string {
	if s < StepCount {
		return stepNames[s]
	}
	return "unknown step"
}
