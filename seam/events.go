package seam

import (
	_ "embed"

	"github.com/weftgo/weft/trace"
)

var (
	//go:embed hooks/events.go.txt
	eventsSource string
	//go:embed hooks/file_linux.go.txt
	fileLinuxSource string
	//go:embed hooks/file_other.go.txt
	fileOtherSource string
)

// Raw kinds: what the hooks write beside events, for the event after it. They
// never leave this package.
const (
	rawPut    trace.Kind = 200 + iota // A: a G that was put on the queue Sub
	rawGot                            // A: a G that was taken from the queue Sub
	rawObject                         // what G is about to park on: A; Sub: an objectKind
)

// objectKind says what a rawObject names.
type objectKind uint8

const (
	objectSema  objectKind = iota // the address of a semaphore inside of a sync type
	objectRead                    // a file descriptor
	objectWrite                   // a file descriptor
	objectTime                    // nanoseconds
)

// Events returns the insertions that make a program record what Go's scheduler
// decides, if it is started by [Record]. Otherwise each costs one branch.
func Events() Set {
	s := Set{Name: "events", Files: []File{
		{"runtime/weft_events.go", eventsSource + hookNames()},
		{"runtime/weft_file_linux.go", fileLinuxSource},
		{"runtime/weft_file_other.go", fileOtherSource},
	}}
	for _, list := range [][]Edit{bootEdits, gEdits, queueEdits, mpEdits, sysEdits} {
		for _, e := range list {
			if e.File == "" {
				e.File = "runtime/proc.go"
			}
			s.Edits = append(s.Edits, e)
		}
	}
	return s
}

// Edits of the functions that an event comes from. The text of an edit is one
// branch on weftOn; what it calls is in hooks/events.go.txt.

// bootEdits tell of the life of a process, from entry to exit.
var bootEdits = []Edit{
	{File: "runtime/runtime2.go", Func: "m", At: Field, Text: "weftChunk uintptr; weftIndex, weftN, weftLost uint32"},
	{File: "runtime/runtime1.go", Func: "check()", Text: "weft.checked = true"},
	{Func: "schedinit()", Text: "weftStart()"},
	{Func: "schedinit()", At: After, Stmt: "goenvs()", Text: "weftHideEnv()"},
	{Func: "procresize(nprocs int32) *p", At: Before, Stmt: "old := gomaxprocs",
		Text: "if weftOn { weftEvent(weftKProcs, 0, weftGoid(), uint64(gomaxprocs), uint64(nprocs), 0) }"},
	{Func: "procresize(nprocs int32) *p", At: After, Stmt: "pp.init(i)", Text: "if weftOn { weftProc(pp) }"},
	{Func: "mstart1()", At: Before, Stmt: "asminit()", Text: "if weftOn { weftThread(gp.m) }"},
	{Func: "main()", At: After, Stmt: "mp := getg().m", Text: "if weftOn { weftStep(weftStepRuntimeMain) }"},
	{Func: "main()", At: Before, Stmt: "newm(sysmon", Text: "if weftOn { weftStep(weftStepSysmon) }"},
	{Func: "main()", At: Before, Stmt: "last := lastmoduledatap", Text: "if weftOn { weftStep(weftStepInit) }"},
	{Func: "main()", At: Before, Stmt: "fn()", Text: "if weftOn { weftStep(weftStepMain) }"},
	{Func: "main()", At: After, Stmt: "fn()", Text: "if weftOn { weftStep(weftStepMainReturned) }"},
	{Func: "main()", At: Before, Stmt: "exit(0)", Text: "if weftOn { weftExit(0) }"},
	{File: "runtime/runtime.go", Func: "syscall_Exit(code int)", Text: "if weftOn { weftExit(int32(code)) }"},
	{File: "runtime/panic.go", Func: "fatalpanic(msgs *_panic)", At: Before, Stmt: "var docrash bool",
		Text: "if weftOn { weftEvent(weftKPanic, 0, weftGoid(), 0, 0, 0) }"},
	{File: "runtime/panic.go", Func: "fatalpanic(msgs *_panic)", At: Before, Stmt: "exit(2)", Text: "if weftOn { weftExit(2) }"},
	{File: "runtime/panic.go", Func: "fatalthrow(t throwType)", At: Before, Stmt: "exit(2)", Nth: 2, Text: "if weftOn { weftExit(2) }"},
	{Func: "checkdead()", At: Before, Stmt: `fatal("all goroutines are asleep`,
		Text: "if weftOn { weftEvent(weftKDeadlock, 0, 0, uint64(grunning), 0, 0) }"},
	{Func: "doInit1(t *initTask)", At: After, Stmt: "firstFunc :=", Text: "if weftOn { weftInit(*(*uintptr)(firstFunc)) }"},
}

// gEdits tell of the life of a G.
var gEdits = []Edit{
	{Func: newproc1, At: Before, Stmt: "pp.goroutinesCreated++", Text: "if weftOn { weftCreate(newg, callergp, callerpc, fn) }"},
	{Func: gopark, At: Before, Stmt: "mp.waitlock = lock", Text: "if weftOn { weftPark(gp, lock, reason) }"},
	{Func: "ready(gp *g, traceskip int, next bool)", At: Before, Stmt: "runqput(", Text: "if weftOn { weftReady(gp) }"},
	{Func: "execute(gp *g, inheritTime bool)", At: Before, Stmt: "mp.curg = gp",
		Text: "if weftOn { weftRun(gp) }"},
	{Func: "goschedImpl(gp *g, preempted bool)", At: Before, Stmt: "casgstatus(",
		Text: "if weftOn { weftYield(gp, weftQGlobal, preempted) }"},
	{Func: "goyield_m(gp *g)", At: Before, Stmt: "casgstatus(", Text: "if weftOn { weftYield(gp, weftQLocal, false) }"},
	{Func: "preemptPark(gp *g)", At: Before, Stmt: "status :=",
		Text: "if weftOn { weftEvent(weftKGoPark, weftReason(waitReasonPreempted), gp.goid, 0, 0, 0) }"},
	{Func: "gdestroy(gp *g)", At: Before, Stmt: "casgstatus(", Text: "if weftOn { weftEnd(gp) }"},
	{File: "runtime/sema.go", Func: semacquire1, At: Before, Stmt: "goparkunlock(",
		Text: "if weftOn { weftNote(weftRObject, weftObjectSema, gp.goid, uint64(uintptr(unsafe.Pointer(addr))), 0, 0) }"},
	{File: "runtime/sema.go", Func: "notifyListWait(l *notifyList, t uint32)", At: Before, Stmt: "goparkunlock(",
		Text: "if weftOn { weftNote(weftRObject, weftObjectSema, s.g.goid, uint64(uintptr(unsafe.Pointer(l))), 0, 0) }"},
	{File: "runtime/time.go", Func: "timeSleep(ns int64)", At: Before, Stmt: "gp.sleepWhen = when",
		Text: "if weftOn { weftNote(weftRObject, weftObjectTime, gp.goid, uint64(ns), 0, 0) }"},
	{File: "runtime/netpoll.go", Func: "netpollblock(pd *pollDesc, mode int32, waitio bool) bool", At: Before, Stmt: "gopark(",
		Text: "if weftOn { weftPollBlock(pd, mode) }"},
	{File: "runtime/netpoll.go", Func: "netpollready(toRun *gList, pd *pollDesc, mode int32) int32", At: Before, Stmt: "toRun.push(rg)",
		Text: "if weftOn { weftPollReady(rg, pd) }"},
	{File: "runtime/netpoll.go", Func: "netpollready(toRun *gList, pd *pollDesc, mode int32) int32", At: Before, Stmt: "toRun.push(wg)",
		Text: "if weftOn { weftPollReady(wg, pd) }"},
}

// queueEdits tell which queue a G goes to and comes from.
var queueEdits = []Edit{
	{Func: runqput, At: Before, Stmt: "if oldnext == 0", Text: "if weftOn { weftPut(gp, weftQRunnext) }"},
	{Func: runqput, At: Before, Stmt: "pp.runq[t%uint32(len(pp.runq))].set(gp)",
		Text: "if weftOn { weftPut(gp, weftQLocal) }"},
	{Func: "runqputslow(pp *p, gp *g, h, t uint32) bool", At: Before, Stmt: "lock(&sched.lock)",
		Text: "if weftOn { weftEvent(weftKOverflow, 0, 0, uint64(n+1), 0, 0) }"},
	{Func: findRunnable, At: Before, Stmt: "return gp, inheritTime, false", Nth: 1, Text: "if weftOn { weftGotLocal(gp, inheritTime) }"},
	{Func: findRunnable, At: After, Stmt: "gp := globrunqget()", Text: "if weftOn && gp != nil { weftGlobal(gp, 1) }"},
	{Func: "globrunqgetbatch(n int32) (gp *g, q gQueue)", At: Before, Stmt: "gp = sched.runq.pop()",
		Text: "if weftOn { weftGlobal(sched.runq.head.ptr(), n) }"},
	{Func: runqsteal, At: Before, Stmt: "n--", Text: "weftStolen := n"},
	{Func: runqsteal, At: After, Stmt: "gp := ",
		Text: "if weftOn { weftEvent(weftKSteal, 0, 0, uint64(p2.id), uint64(weftStolen), gp.goid) }"},
}

// mpEdits tell of Ms and Ps.
var mpEdits = []Edit{
	{Func: startm, At: Before, Stmt: "newm(fn, pp, id)",
		Text: "if weftOn { weftEvent(weftKMStart, 1, weftGoid(), uint64(id), uint64(pp.id), 0) }"},
	{Func: startm, At: Before, Stmt: "nmp.nextp.set(pp)",
		Text: "if weftOn { weftEvent(weftKMStart, 0, weftGoid(), uint64(nmp.id), uint64(pp.id), 0) }"},
	{Func: "stopm()", At: Before, Stmt: "lock(&sched.lock)", Text: "if weftOn { weftEvent(weftKMStop, 0, 0, 0, 0, 0) }"},
	{Func: "mexit(osStack bool)", At: After, Stmt: "mp := getg().m", Text: "if weftOn { weftGiveChunk(mp) }"},
	spins(1), spins(2), spins(3), spins(4), spins(5), spins(6),
	{Func: "mspinning()", Text: "if weftOn { weftEvent(weftKMSpin, 1, 0, 0, 0, 0) }"},
	{Func: "resetspinning()", At: Before, Stmt: "gp.m.spinning = false", Text: "if weftOn { weftEvent(weftKMSpin, 0, 0, 0, 0, 0) }"},
	{Func: findRunnable, At: Before, Stmt: "mp.spinning = false", Text: "if weftOn { weftEvent(weftKMSpin, 0, 0, 0, 0, 0) }"},
	{Func: "acquirepNoTrace(pp *p)", At: After, Stmt: "wirep(pp)", Text: "if weftOn { weftEvent(weftKPAcquire, 0, 0, 0, 0, 0) }"},
	{Func: "pidleput(pp *p, now int64) int64", Text: "if weftOn { weftEvent(weftKPIdle, 0, 0, uint64(pp.id), 0, 0) }"},
	{Func: "handoffp(pp *p)", Text: "if weftOn { weftEvent(weftKHandoff, 0, weftGoid(), uint64(pp.id), uint64(getg().m.id), 0) }"},
	{Func: "retake(now int64) uint32", At: Before, Stmt: "thread.takeP()",
		Text: "if weftOn { weftRetake(pp, thread.mp, pd.syscallwhen, now) }"},
	{Func: "retake(now int64) uint32", At: Before, Stmt: "preemptone(pp)",
		Text: "if weftOn { weftPreempt(pp, pd.schedwhen, now) }"},
	{Func: "gcstopm()", At: Before, Stmt: "pp := releasep()", Text: "if weftOn { weftEvent(weftKGCStop, 0, 0, 0, 0, 0) }"},
}

// spins is for one of the places in findRunnable where an M begins to spin. Not
// for the function that it calls there, nor for others that are so short: they
// are inlined, and would not be with an edit.
func spins(nth int) Edit {
	const text = "if weftOn { weftEvent(weftKMSpin, 1, 0, 0, 0, 0) }"
	return Edit{Func: findRunnable, At: Before, Stmt: "mp.becomeSpinning()", Nth: nth, Text: text}
}

// sysEdits tell of the monitor, the poller, timers and system calls.
var sysEdits = []Edit{
	{Func: findRunnable, At: After, Stmt: "list, delta := netpoll(0)", Text: "if weftOn { weftNetpoll(&list, 0, false) }"},
	{Func: findRunnable, At: Before, Stmt: "list, delta := netpoll(delay)",
		Text: "var weftBegan int64; if weftOn { weftBegan = nanotime() }"},
	{Func: findRunnable, At: After, Stmt: "list, delta := netpoll(delay)",
		Text: "if weftOn { weftNetpoll(&list, weftBegan, delay != 0) }"},
	{File: "runtime/time.go", Func: "(t *timer) unlockAndRun(now int64, bubble *synctestBubble)", At: Before, Stmt: "f(arg, seq, delay)",
		Text: "if weftOn { weftEvent(weftKTimer, 0, 0, uint64(now-delay-weft.head.start), uint64(delay), 0) }"},
	{Func: "reentersyscall(pc, sp, bp uintptr)", At: After, Stmt: "gp := getg()", Text: "if weftOn { weftSyscall(gp, pc, bp) }"},
	{Func: "entersyscallblock()", At: After, Stmt: "gp := getg()",
		Text: "if weftOn { weftSyscall(gp, sys.GetCallerPC(), getcallerfp()) }"},
	{Func: "exitsyscall()", At: Before, Stmt: "if pp != nil { if goroutineProfile",
		Text: "if weftOn && pp != nil { weftEvent(weftKSysret, 0, gp.goid, 1, 0, 0) }"},
	{Func: "exitsyscallNoP(gp *g)", Text: "if weftOn { weftEvent(weftKSysret, 0, gp.goid, 0, 0, 0) }"},
}

// The headers of functions that several edits are in.
const (
	newproc1 = "newproc1(fn *funcval, callergp *g, callerpc uintptr, parked bool, waitreason waitReason) *g"
	gopark   = "gopark(unlockf func(*g, unsafe.Pointer) bool, lock unsafe.Pointer, " +
		"reason waitReason, traceReason traceBlockReason, traceskip int)"
	semacquire1  = "semacquire1(addr *uint32, lifo bool, profile semaProfileFlags, skipframes int, reason waitReason)"
	runqput      = "runqput(pp *p, gp *g, next bool)"
	runqsteal    = "runqsteal(pp, p2 *p, stealRunNextG bool) *g"
	startm       = "startm(pp *p, spinning, lockheld bool)"
	findRunnable = "findRunnable() (gp *g, inheritTime, tryWakeP bool)"
)
