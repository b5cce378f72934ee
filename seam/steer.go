package seam

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/weftgo/weft/explore"
)

var (
	//go:embed hooks/runtime_steer.go.txt
	runtimeSteer string
	//go:embed hooks/testing_steer.go.txt
	testingSteer string
)

// Steer returns what weft test inserts: a choice of what runs next, scheduling points in channel operations and in package sync,
// random values and a clock that the schedule decides, and a driver in package testing. A binary built with it behaves as
// usual unless WEFT_TEST is in its environment.
func Steer() Set {
	s := Set{Name: "steer"}
	s.Files = append(s.Files,
		File{"runtime/weft_steer.go", runtimeSteer},
		File{"runtime/weft_pick.go", inPackage("runtime", explore.PickSource)},
		File{"runtime/weft_wire.go", inPackage("runtime", explore.WireSource)},
		File{"testing/weft_steer.go", testingSteer},
		File{"testing/weft_pick.go", inPackage("testing", explore.PickSource)},
		File{"testing/weft_wire.go", inPackage("testing", explore.WireSource)},
		File{"testing/weft_plan.go", inPackage("testing", explore.PlanSource)},
		File{"sync/weft_steer.go", pointsOf("sync") + "\nfunc weftMu(m *Mutex) unsafe.Pointer { return unsafe.Pointer(m) }\n"},
		File{"sync/atomic/weft_steer.go", pointsOf("atomic")},
	)
	for _, edits := range [][]Edit{chooseEdits, pointEdits, randomEdits, clockEdits, driverEdits, syncEdits(), atomicEdits()} {
		s.Edits = append(s.Edits, edits...)
	}
	return s
}

// inPackage gives a source file another package clause.
func inPackage(name, source string) string {
	return strings.Replace(source, "package explore\n", "package "+name+"\n", 1)
}

// pointsOf declares the hook's functions in another package.
func pointsOf(pkg string) string {
	return "package " + pkg + `

import "unsafe"

//go:linkname weftOn runtime.weftOn
var weftOn bool

//go:linkname weftPoint runtime.weftPoint
//go:noescape
func weftPoint(op uint32, obj unsafe.Pointer)

//go:linkname weftTook runtime.weftTook
//go:noescape
func weftTook(obj unsafe.Pointer, read bool)

//go:linkname weftGave runtime.weftGave
//go:noescape
func weftGave(obj unsafe.Pointer, read bool)
`
}

// chooseEdits: who runs next.
var chooseEdits = []Edit{
	{File: "runtime/proc.go", Func: "findRunnable() (gp *g, inheritTime, tryWakeP bool)", At: Before, Stmt: "if gp, inheritTime := runqget(pp); gp != nil {",
		Text: "if weft.enabled { if gp := weftNext(pp); gp != nil { return gp, false, false } }"},
	{File: "runtime/proc.go", Func: "runqput(pp *p, gp *g, next bool)", Text: "if weftOn && weftPut(gp) { return }"},
	{File: "runtime/proc.go", Func: "newproc1(fn *funcval, callergp *g, callerpc uintptr, parked bool, waitreason waitReason) *g",
		Text: "weftUser := false"},
	{File: "runtime/proc.go", Func: "newproc1(fn *funcval, callergp *g, callerpc uintptr, parked bool, waitreason waitReason) *g",
		At: Before, Stmt: "newg.bubble = callergp.bubble", Text: "weftUser = weftOn"},
	{File: "runtime/proc.go", Func: "newproc1(fn *funcval, callergp *g, callerpc uintptr, parked bool, waitreason waitReason) *g",
		At: Before, Stmt: "return newg", Text: "if weftUser { weftBorn(newg) }"},
	{File: "runtime/proc.go", Func: "gdestroy(gp *g)", Text: "if weftOn { weftDied(gp) }"},
	{File: "runtime/proc.go", Func: "sysmon()", At: After, Stmt: "usleep(delay)", Text: "if weftOn { weftSysmon(); continue }"},
	{File: "runtime/proc.go", Func: "preemptone(pp *p) bool", Text: "if weftOn && !weftPreempts() { return false }"},
	{File: "runtime/debug.go", Func: "GOMAXPROCS(n int) int", Text: "if weft.enabled { n = 0 }"},
	{File: "runtime/netpoll.go", Func: "netpollblock(pd *pollDesc, mode int32, waitio bool) bool", Text: "if weftOn { weftUntamed(UntamedNet) }"},
	{File: "runtime/cgocall.go", Func: "cgocall(fn, arg unsafe.Pointer) int32", Text: "if weftOn { weftUntamed(UntamedCgo) }"},
	{File: "runtime/mgc.go", Func: "gcStart(trigger gcTrigger)", Text: "if weftOn { weftUntamed(UntamedGC) }"},
}

// pointEdits: where the running goroutine may let others run. Those of package sync are syncEdits.
var pointEdits = []Edit{
	{File: "runtime/proc.go", Func: "newproc(fn *funcval)", At: After, Stmt: "systemstack(func() {", Text: "if weftOn { weftPoint(OpGo, nil) }"},
	{File: "runtime/proc.go", Func: "Gosched()", Text: "if weftOn { weftYield() }"},
	{File: "runtime/chan.go", Func: "chansend(c *hchan, ep unsafe.Pointer, block bool, callerpc uintptr) bool",
		Text: "if weftOn { weftPoint(OpSend, unsafe.Pointer(c)) }"},
	{File: "runtime/chan.go", Func: "chanrecv(c *hchan, ep unsafe.Pointer, block bool) (selected, received bool)",
		Text: "if weftOn { weftPoint(OpRecv, unsafe.Pointer(c)) }"},
	{File: "runtime/chan.go", Func: "closechan(c *hchan)", Text: "if weftOn { weftPoint(OpClose, unsafe.Pointer(c)) }"},
	{File: "runtime/select.go", Func: "selectgo(cas0 *scase, order0 *uint16, pc0 *uintptr, nsends, nrecvs int, block bool) (int, bool)",
		Text: "if weftOn { weftPoint(OpSelect, nil) }"},
	{File: "runtime/time.go", Func: "timeSleep(ns int64)", Text: "nanotime := weftNano; if weftOn { weftPoint(OpSleep, nil) }"},
	{File: "runtime/time.go", Func: "stopTimer(t *timeTimer) bool", Text: "if weftOn { weftPoint(OpTimer, unsafe.Pointer(t)) }"},
	{File: "runtime/time.go", Func: "resetTimer(t *timeTimer, when, period int64) bool", Text: "if weftOn { weftPoint(OpTimer, unsafe.Pointer(t)) }"},
}

var randomEdits = []Edit{
	{File: "runtime/rand.go", Func: "randinit()", At: Before, Stmt: "globalRand.state.Init(*seed)",
		Text: "if weftEarly() { clear(seed[:]); seed[0] = 1 }"},
	{File: "runtime/rand.go", Func: "rand() uint64", Text: "if weftSteersRand() { return weftRand() }"},
	{File: "runtime/select.go", Func: "selectgo(cas0 *scase, order0 *uint16, pc0 *uintptr, nsends, nrecvs int, block bool) (int, bool)",
		At: After, Stmt: "j := cheaprandn(uint32(norder + 1))", Text: "if weftOn { j = weftSelectRand(uint32(norder + 1)) }"},
	{File: "runtime/time.go", Func: "(t *timer) maybeAdd()", At: After, Stmt: "t.rand = cheaprand()", Text: "if weftOn { t.rand = uint32(weftRand()) }"},
}

// clockEdits: a function whose nanotime is to be the virtual one gets a variable of that name.
var clockEdits = []Edit{
	{File: "runtime/time.go", Func: "time_runtimeNow() (sec int64, nsec int32, mono int64)", Text: "time_now := weftTimeNow"},
	{File: "runtime/time.go", Func: "time_runtimeNano() int64", Text: "nanotime := weftReadClock"},
	{File: "runtime/time.go", Func: "(t *timer) maybeRunAsync()", Text: "nanotime := weftNano"},
	{File: "runtime/time.go", Func: "(t *timer) maybeRunChan(c *hchan)", At: Before, Stmt: "t.lock()", Text: "nanotime := weftNano"},
	{File: "runtime/time.go", Func: "(ts *timers) check(now int64, bubble *synctestBubble) (rnow, pollUntil int64, ran bool)", At: Rename, Text: "weftCheck"},
	{File: "runtime/netpoll.go", Func: "poll_runtime_pollSetDeadline(pd *pollDesc, d int64, mode int)", Text: "nanotime := weftNano"},
	{File: "runtime/sema.go", Func: "internal_sync_nanotime() int64", Text: "nanotime := weftNano"},
}

var driverEdits = []Edit{
	{File: "testing/testing.go", Func: "runTests(modulePath, importPath string, matchString func(pat, str string) (bool, error), " +
		"tests []InternalTest, deadline time.Time) (ran, ok bool)",
		Text: "if weftWorker { weftDrive(modulePath, importPath, matchString, tests) }"},
}

// syncEdits are the points of package sync. A lock's owner is known from when it was taken, so that a report can name it.
func syncEdits() []Edit {
	point := func(file, fn, op, obj string) Edit {
		return Edit{File: "sync/" + file, Func: fn, Text: fmt.Sprintf("if weftOn { weftPoint(%d, %s) }", ops[op], obj)}
	}
	took := func(file, fn, stmt, obj string, read bool) Edit {
		return Edit{File: "sync/" + file, Func: fn, At: After, Stmt: stmt, Text: fmt.Sprintf("if weftOn { weftTook(%s, %v) }", obj, read)}
	}
	gave := func(file, fn, obj string, read bool) Edit {
		return Edit{File: "sync/" + file, Func: fn, Text: fmt.Sprintf("if weftOn { weftGave(%s, %v) }", obj, read)}
	}
	edits := []Edit{
		point("mutex.go", "(m *Mutex) Lock()", "Lock", "weftMu(m)"), took("mutex.go", "(m *Mutex) Lock()", "m.mu.Lock()", "weftMu(m)", false),
		point("mutex.go", "(m *Mutex) TryLock() bool", "TryLock", "weftMu(m)"),
		point("mutex.go", "(m *Mutex) Unlock()", "Unlock", "weftMu(m)"), gave("mutex.go", "(m *Mutex) Unlock()", "weftMu(m)", false),
		point("rwmutex.go", "(rw *RWMutex) RLock()", "RLock", "unsafe.Pointer(rw)"),
		took("rwmutex.go", "(rw *RWMutex) RLock()", "if rw.readerCount.Add(1) < 0 {", "unsafe.Pointer(rw)", true),
		point("rwmutex.go", "(rw *RWMutex) RUnlock()", "RUnlock", "unsafe.Pointer(rw)"), gave("rwmutex.go", "(rw *RWMutex) RUnlock()", "unsafe.Pointer(rw)", true),
		point("rwmutex.go", "(rw *RWMutex) Lock()", "Lock", "unsafe.Pointer(rw)"),
		took("rwmutex.go", "(rw *RWMutex) Lock()", "if r != 0 && rw.readerWait.Add(r) != 0 {", "unsafe.Pointer(rw)", false),
		point("rwmutex.go", "(rw *RWMutex) TryLock() bool", "TryLock", "unsafe.Pointer(rw)"),
		point("rwmutex.go", "(rw *RWMutex) TryRLock() bool", "TryLock", "unsafe.Pointer(rw)"),
		point("rwmutex.go", "(rw *RWMutex) Unlock()", "Unlock", "unsafe.Pointer(rw)"), gave("rwmutex.go", "(rw *RWMutex) Unlock()", "unsafe.Pointer(rw)", false),
		point("waitgroup.go", "(wg *WaitGroup) Add(delta int)", "WGAdd", "unsafe.Pointer(wg)"),
		point("waitgroup.go", "(wg *WaitGroup) Wait()", "WGWait", "unsafe.Pointer(wg)"),
		point("cond.go", "(c *Cond) Wait()", "CondWait", "unsafe.Pointer(c)"),
		point("cond.go", "(c *Cond) Signal()", "Signal", "unsafe.Pointer(c)"),
		point("cond.go", "(c *Cond) Broadcast()", "Broadcast", "unsafe.Pointer(c)"),
	}
	return edits
}

func atomicEdits() []Edit { return nil }

// ops are the codes of the operations that packages other than runtime name.
var ops = map[string]int{
	"Lock": explore.OpLock, "Unlock": explore.OpUnlock, "RLock": explore.OpRLock, "RUnlock": explore.OpRUnlock, "TryLock": explore.OpTryLock,
	"WGAdd": explore.OpWGAdd, "WGWait": explore.OpWGWait, "CondWait": explore.OpCondWait, "Signal": explore.OpSignal,
	"Broadcast": explore.OpBroadcast, "Map": explore.OpMap, "Atomic": explore.OpAtomic,
}
