package seam

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/weftgo/weft/explore"
)

var (
	//go:embed hooks/steer_runtime.go.txt
	runtimeSteer string
	//go:embed hooks/steer_locks.go.txt
	locksSteer string
	//go:embed hooks/steer_program.go.txt
	programSteer string
	//go:embed hooks/steer_testing.go.txt
	testingSteer string
	//go:embed hooks/steer_funcs.go.txt
	funcsSteer string
	//go:embed hooks/steer_sync.go.txt
	syncSteer string
)

// Steer returns what weft test inserts: a choice of what runs next, scheduling points in channel operations and in package sync,
// random values and a clock that the schedule decides, and a driver in package testing. A binary built with it behaves as
// usual unless WEFT_TEST is in its environment, or WEFT_SEED, which makes a whole program one schedule.
func Steer() Set {
	s := Set{Name: "steer"}
	s.Files = append(s.Files,
		File{"runtime/weft_steer.go", runtimeSteer},
		File{"runtime/weft_locks.go", locksSteer},
		File{"runtime/weft_program.go", programSteer},
		File{"runtime/weft_pick.go", inPackage("runtime", explore.PickSource)},
		File{"runtime/weft_wire.go", inPackage("runtime", explore.WireSource)},
		File{"testing/weft_steer.go", testingSteer},
		File{"testing/weft_funcs.go", funcsSteer},
		File{"testing/weft_pick.go", inPackage("testing", explore.PickSource)},
		File{"testing/weft_wire.go", inPackage("testing", explore.WireSource)},
		File{"testing/weft_plan.go", inPackage("testing", explore.PlanSource)},
		File{"sync/weft_steer.go", syncSteer},
		File{"sync/atomic/weft_steer.go", atomicSource()},
		File{"runtime/weft_atomic.go", atomicRuntimeSource("", asPointers)},
		File{"runtime/weft_atomic_race.go", atomicRuntimeSource("//go:build race\n\n", notAsPointers)},
	)
	s.Files = append(s.Files, netFiles()...)
	for file, edits := range steerEdits {
		for _, e := range edits {
			e.File = file
			s.Edits = append(s.Edits, e)
		}
	}
	slices.SortStableFunc(s.Edits, func(a, b Edit) int { return strings.Compare(a.File, b.File) })
	s.Edits = append(append(append(s.Edits, syncEdits()...), atomicEdits()...), netEdits()...)
	return s
}

// inPackage gives a source file another package clause.
func inPackage(name, source string) string {
	return strings.Replace(source, "package explore\n", "package "+name+"\n", 1)
}

// The headers of the functions with several edits.
const (
	goparkFunc = "gopark(unlockf func(*g, unsafe.Pointer) bool, lock unsafe.Pointer, reason waitReason, traceReason traceBlockReason, " +
		"traceskip int)"
	newproc1Func = "newproc1(fn *funcval, callergp *g, callerpc uintptr, parked bool, waitreason waitReason) *g"
	selectgoFunc = "selectgo(cas0 *scase, order0 *uint16, pc0 *uintptr, nsends, nrecvs int, block bool) (int, bool)"
	timersCheck  = "(ts *timers) check(now int64, bubble *synctestBubble) (rnow, pollUntil int64, ran bool)"
)

// steerEdits are the insertions by file, but for those in package sync. Where a function is to read the virtual clock, it gets a
// variable called nanotime.
var steerEdits = map[string][]Edit{
	"runtime/proc.go": {
		{Func: "findRunnable() (gp *g, inheritTime, tryWakeP bool)", At: Before, Stmt: "if gp, inheritTime := runqget(pp); gp != nil {",
			Text: "if steer.enabled { if gp := steerNext(pp); gp != nil { return gp, false, false } }"},
		{Func: "runqput(pp *p, gp *g, next bool)", Text: "if steerOn && steerPut(gp) { return }"},
		{Func: newproc1Func, Text: "steerUser := false"},
		{Func: newproc1Func, At: Before, Stmt: "newg.bubble = callergp.bubble", Text: "steerUser = steerOn"},
		{Func: newproc1Func, At: Before, Stmt: "return newg", Text: "if steerUser { steerBorn(newg) }"},
		{Func: "syscall_runtime_BeforeFork()", Text: "steer.outside, steer.forked = true, true"},
		{Func: "ready(gp *g, traceskip int, next bool)", At: Before, Stmt: "runqput(", Text: "if steerOn { steerReady(gp) }"},
		{Func: goparkFunc, At: After, Stmt: "gp.waitreason = reason", Text: "if steerOn { steerParks(gp, reason) }"},
		{Func: "goexit1()", Text: "if steerOn { steerEnds(getg()) }"},
		{Func: "gdestroy(gp *g)", Text: "if steerOn { steerDied(gp) }"},
		{Func: "newproc(fn *funcval)", At: After, Stmt: "systemstack(func() {", Text: "if steerOn { steerPoint(OpGo, nil) }"},
		{Func: "Gosched()", Text: "if steerOn { steerYield() }"},
		{Func: "sysmon()", At: After, Stmt: "usleep(delay)", Text: "if steerOn { steerSysmon(); continue }"},
		{Func: "schedinit()", At: After, Stmt: "goenvs()", Text: "if steer.program { steerHideEnv() }"},
		{Func: "main()", At: Before, Stmt: "last := lastmoduledatap", Text: "if steer.program { steerProgram() }"},
		{Func: "runExitHooks(code int)", Text: "if steer.program { steerPublish() }"},
		{Func: "preemptone(pp *p) bool", Text: "if steerOn && !steerPreempts() { return false }"},
	},
	"runtime/chan.go": {
		{Func: "chansend(c *hchan, ep unsafe.Pointer, block bool, callerpc uintptr) bool",
			Text: "if steerOn { steerPoint(OpSend, unsafe.Pointer(c)) }"},
		{Func: "chanrecv(c *hchan, ep unsafe.Pointer, block bool) (selected, received bool)",
			Text: "if steerOn { steerPoint(OpRecv, unsafe.Pointer(c)) }"},
		{Func: "closechan(c *hchan)", Text: "if steerOn { steerPoint(OpClose, unsafe.Pointer(c)) }"},
	},
	"runtime/select.go": {
		{Func: selectgoFunc, Text: "if steerOn { steerPoint(OpSelect, nil) }"},
		{Func: selectgoFunc, At: After, Stmt: "j := cheaprandn(uint32(norder + 1))",
			Text: "if steerOn { j = steerSelectRand(uint32(norder + 1)) }"},
	},
	"runtime/rand.go": {
		{Func: "randinit()", At: Before, Stmt: "globalRand.state.Init(*seed)", Text: "if steerEarly() { clear(seed[:]); seed[0] = 1 }"},
		{Func: "rand() uint64", Text: "if steerSteersRand() { return steerRand() }"},
	},
	"runtime/vgetrandom_linux.go": {{Func: "vgetrandom(p []byte, flags uint32) (ret int, supported bool)", GOOS: "linux",
		Text: "if steerOn { return steerFill(p), true }"}},
	"runtime/time.go": {
		{Func: "time_runtimeNow() (sec int64, nsec int32, mono int64)", Text: "time_now := steerTimeNow"},
		{Func: "time_runtimeNano() int64", Text: "nanotime := steerReadClock"},
		{Func: "timeSleep(ns int64)", Text: "nanotime := steerNano; if steerOn { steerPoint(OpSleep, nil) }"},
		{Func: "stopTimer(t *timeTimer) bool", Text: "if steerOn { steerPoint(OpTimer, unsafe.Pointer(t)) }"},
		{Func: "resetTimer(t *timeTimer, when, period int64) bool", Text: "if steerOn { steerPoint(OpTimer, unsafe.Pointer(t)) }"},
		{Func: "(t *timer) maybeAdd()", At: After, Stmt: "t.rand = cheaprand()", Text: "if steerOn { t.rand = uint32(steerRand()) }"},
		{Func: "(t *timer) maybeRunAsync()", Text: "nanotime := steerNano"},
		{Func: "(t *timer) maybeRunChan(c *hchan)", At: Before, Stmt: "t.lock()", Text: "nanotime := steerNano"},
		{Func: timersCheck, At: Rename, Text: "steerCheck"},
	},
	"runtime/netpoll.go": {
		{Func: "poll_runtime_pollSetDeadline(pd *pollDesc, d int64, mode int)", Text: "nanotime := steerNano"},
		{Func: "netpollblock(pd *pollDesc, mode int32, waitio bool) bool", Text: "if steerOn { simBlocks(pd, mode) }"},
	},
	"runtime/atomic_pointer.go": {
		{Func: "sync_atomic_StorePointer(ptr *unsafe.Pointer, new unsafe.Pointer)",
			Text: "if steerOn { steerAtomic(unsafe.Pointer(ptr)) }; sync_atomic_StoreUintptr := steerAtomicStoreUintptr"},
		{Func: "sync_atomic_SwapPointer(ptr *unsafe.Pointer, new unsafe.Pointer) unsafe.Pointer",
			Text: "if steerOn { steerAtomic(unsafe.Pointer(ptr)) }; sync_atomic_SwapUintptr := steerAtomicSwapUintptr"},
		{Func: "sync_atomic_CompareAndSwapPointer(ptr *unsafe.Pointer, old, new unsafe.Pointer) bool",
			Text: "if steerOn { steerAtomic(unsafe.Pointer(ptr)) }; sync_atomic_CompareAndSwapUintptr := steerAtomicCompareAndSwapUintptr"},
	},
	"runtime/sigqueue.go":  {{Func: "signal_recv() uint32", Text: "if steerOn { steerForget() }"}},
	"runtime/sema.go":      {{Func: "internal_sync_nanotime() int64", Text: "nanotime := steerNano"}},
	"runtime/debug.go":     {{Func: "GOMAXPROCS(n int) int", Text: "if steer.enabled { n = 0 }"}},
	"runtime/cgocall.go":   {{Func: "cgocall(fn, arg unsafe.Pointer) int32", Text: "if steerOn { steerUntamed(UntamedCgo) }"}},
	"runtime/traceback.go": {{Func: "isSystemGoroutine(gp *g, fixed bool) bool", Text: "if gp == steer.driver.ptr() { return true }"}},
	"runtime/map.go": {{Func: "mapIterStart(t *abi.MapType, m *maps.Map, it *maps.Iter)",
		Text: "if steerOn && m != nil && m.Used() > 8 { steerWalk(t.Key) }"}},
	"runtime/mgcmark.go": {{Func: "(gp *g) internalBlocked() bool",
		Text: "if gp.waitreason == waitReasonIOWait && steer.memory { return false }"}},
	"runtime/mgc.go": {
		{Func: "gcStart(trigger gcTrigger)", Text: "if steerOn { steerUntamed(UntamedGC) }"},
		{Func: "(gp *g) isMaybeRunnable() bool", At: Before, Stmt: "switch gp.waitreason {",
			Text: "if gp.waitreason == waitReasonIOWait && steer.memory { return simMayWake(gp) }"},
	},
	"testing/testing.go": {{Func: "(m *M) Run() (code int)", At: Before, Stmt: "testRan, testOk := runTests(",
		Text: "if steerWorker { steerDrive(m); return }"}},
}

// syncPoints are the scheduling points of package sync. What is taken is known to be held, so that a report can name the holder.
var syncPoints = []struct {
	file, fn string
	op       int
	obj      string
	takes    string // the statement after which it is held
	gives    bool
	read     bool
}{
	{file: "mutex", fn: "(m *Mutex) Lock()", op: explore.OpLock, takes: "m.mu.Lock()"},
	{file: "mutex", fn: "(m *Mutex) TryLock() bool", op: explore.OpTryLock},
	{file: "mutex", fn: "(m *Mutex) Unlock()", op: explore.OpUnlock, gives: true},
	{file: "rwmutex", fn: "(rw *RWMutex) RLock()", op: explore.OpRLock, takes: "if rw.readerCount.Add(1) < 0 {", read: true},
	{file: "rwmutex", fn: "(rw *RWMutex) RUnlock()", op: explore.OpRUnlock, gives: true, read: true},
	{file: "rwmutex", fn: "(rw *RWMutex) Lock()", op: explore.OpLock, takes: "if r != 0 && rw.readerWait.Add(r) != 0 {"},
	{file: "rwmutex", fn: "(rw *RWMutex) TryLock() bool", op: explore.OpTryLock},
	{file: "rwmutex", fn: "(rw *RWMutex) TryRLock() bool", op: explore.OpTryLock},
	{file: "rwmutex", fn: "(rw *RWMutex) Unlock()", op: explore.OpUnlock, gives: true},
	{file: "waitgroup", fn: "(wg *WaitGroup) Add(delta int)", op: explore.OpWGAdd},
	{file: "waitgroup", fn: "(wg *WaitGroup) Wait()", op: explore.OpWGWait},
	{file: "cond", fn: "(c *Cond) Wait()", op: explore.OpCondWait},
	{file: "cond", fn: "(c *Cond) Signal()", op: explore.OpSignal},
	{file: "cond", fn: "(c *Cond) Broadcast()", op: explore.OpBroadcast},
}

func syncEdits() (edits []Edit) {
	for _, p := range syncPoints {
		receiver, _, _ := strings.Cut(p.fn[1:], " ")
		obj := "steerPtr(" + receiver + ")"
		file := "sync/" + p.file + ".go"
		text := fmt.Sprintf("if steerOn { steerPoint(%d, %s) }", p.op, obj)
		if p.gives {
			text = fmt.Sprintf("if steerOn { steerPoint(%d, %s); steerGave(%s, %v) }", p.op, obj, obj, p.read)
		}
		edits = append(edits, Edit{File: file, Func: p.fn, Text: text})
		if p.takes != "" {
			edits = append(edits, Edit{File: file, Func: p.fn, At: After, Stmt: p.takes,
				Text: fmt.Sprintf("if steerOn { steerTook(%s, %v) }", obj, p.read)})
		}
	}
	return append(edits,
		Edit{File: "sync/mutex.go", Func: "(m *Mutex) TryLock() bool", At: Before, Stmt: "return m.mu.TryLock()",
			Text: "if steerOn { ok := m.mu.TryLock(); if ok { steerTook(steerPtr(m), false) }; return ok }"},
		Edit{File: "sync/rwmutex.go", Func: "(rw *RWMutex) TryRLock() bool", At: Before, Stmt: "return true",
			Text: "if steerOn { steerTook(steerPtr(rw), true) }"},
		Edit{File: "sync/rwmutex.go", Func: "(rw *RWMutex) Lock()", At: After, Stmt: "rw.w.Lock()",
			Text: "if steerOn { steerWants(steerPtr(rw)) }"})
}
