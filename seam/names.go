package seam

import (
	"fmt"
	"strings"

	"github.com/weftgo/weft/trace"
)

// What the hooks call by a name is numbered here and in package trace only;
// hookNames declares it for them.

type hookName struct {
	name  string
	value int
}

var hookConsts = []hookName{
	{"weftKBoot", int(trace.KBoot)},
	{"weftKProcs", int(trace.KProcs)},
	{"weftKGoCreate", int(trace.KGoCreate)},
	{"weftKGoStart", int(trace.KGoStart)},
	{"weftKGoPark", int(trace.KGoPark)},
	{"weftKGoReady", int(trace.KGoReady)},
	{"weftKGoYield", int(trace.KGoYield)},
	{"weftKGoExit", int(trace.KGoExit)},
	{"weftKGoUnblock", int(trace.KGoUnblock)},
	{"weftKSteal", int(trace.KSteal)},
	{"weftKOverflow", int(trace.KOverflow)},
	{"weftKGlobGet", int(trace.KGlobGet)},
	{"weftKMStart", int(trace.KMStart)},
	{"weftKMStop", int(trace.KMStop)},
	{"weftKMSpin", int(trace.KMSpin)},
	{"weftKPAcquire", int(trace.KPAcquire)},
	{"weftKPIdle", int(trace.KPIdle)},
	{"weftKHandoff", int(trace.KHandoff)},
	{"weftKRetake", int(trace.KRetake)},
	{"weftKNetpoll", int(trace.KNetpoll)},
	{"weftKTimer", int(trace.KTimer)},
	{"weftKPanic", int(trace.KPanic)},
	{"weftKDeadlock", int(trace.KDeadlock)},
	{"weftKLost", int(trace.KLost)},
	{"weftKArgs", int(trace.KArgs)},
	{"weftKOSInit", int(trace.KOSInit)},
	{"weftKMInit", int(trace.KMInit)},
	{"weftKPInit", int(trace.KPInit)},
	{"weftKStack", int(trace.KStack)},
	{"weftKGoEntry", int(trace.KGoEntry)},
	{"weftKGoArg", int(trace.KGoArg)},
	{"weftKInitTask", int(trace.KInitTask)},
	{"weftKSyscall", int(trace.KSyscall)},
	{"weftKSysret", int(trace.KSysret)},
	{"weftKPreempt", int(trace.KPreempt)},
	{"weftKGCStop", int(trace.KGCStop)},

	{"weftRPut", int(rawPut)},
	{"weftRGot", int(rawGot)},
	{"weftRObject", int(rawObject)},
	{"weftObjectSema", int(objectSema)},
	{"weftObjectRead", int(objectRead)},
	{"weftObjectWrite", int(objectWrite)},
	{"weftObjectTime", int(objectTime)},

	{"weftQRunnext", int(trace.QRunnext)},
	{"weftQLocal", int(trace.QLocal)},
	{"weftQGlobal", int(trace.QGlobal)},

	{"weftStepEntry", int(trace.StepEntry)},
	{"weftStepChecks", int(trace.StepChecks)},
	{"weftStepSchedinit", int(trace.StepSchedinit)},
	{"weftStepNewprocMain", int(trace.StepNewprocMain)},
	{"weftStepMstart", int(trace.StepMstart)},
	{"weftStepRuntimeMain", int(trace.StepRuntimeMain)},
	{"weftStepSysmon", int(trace.StepSysmon)},
	{"weftStepInit", int(trace.StepInit)},
	{"weftStepMain", int(trace.StepMain)},
	{"weftStepMainReturned", int(trace.StepMainReturned)},
	{"weftStepExit", int(trace.StepExit)},

	{"weftChunks", ringChunks},
	{"weftChunkSize", ringChunkSize},
	{"weftSlots", ringSlots},
	{"weftStatesOff", ringStatesOff},
	{"weftSlotsOff", ringSlotsOff},
	{"weftSymsOff", ringSymbolsOff},
	{"weftSymsSize", ringSymbols},
	{"weftChunksOff", ringChunksOff},

	{"weftByCoroutine", int(trace.ByCoroutine)},
	{"weftByNetpoll", int(trace.ByNetpoll)},
}

// hookReasons says what the reasons of Go's runtime are called in package trace.
// Those that are not here are the runtime's own affairs.
var hookReasons = []hookName{
	{"waitReasonIOWait", int(trace.WaitIORead)},
	{"waitReasonChanReceive", int(trace.WaitChanReceive)},
	{"waitReasonChanSend", int(trace.WaitChanSend)},
	{"waitReasonChanReceiveNilChan", int(trace.WaitChanReceiveNil)},
	{"waitReasonChanSendNilChan", int(trace.WaitChanSendNil)},
	{"waitReasonSelect", int(trace.WaitSelect)},
	{"waitReasonSelectNoCases", int(trace.WaitSelectNoCases)},
	{"waitReasonSleep", int(trace.WaitSleep)},
	{"waitReasonSyncMutexLock", int(trace.WaitSyncMutexLock)},
	{"waitReasonSyncRWMutexRLock", int(trace.WaitSyncRWMutexRLock)},
	{"waitReasonSyncRWMutexLock", int(trace.WaitSyncRWMutexLock)},
	{"waitReasonSyncWaitGroupWait", int(trace.WaitSyncWaitGroup)},
	{"waitReasonSyncCondWait", int(trace.WaitSyncCond)},
	{"waitReasonSemacquire", int(trace.WaitSemacquire)},
	{"waitReasonCoroutine", int(trace.WaitCoroutine)},
	{"waitReasonPreempted", int(trace.WaitPreempted)},
	{"waitReasonPanicWait", int(trace.WaitPanic)},
	{"waitReasonGCAssistMarking", int(trace.WaitGC)},
	{"waitReasonGarbageCollection", int(trace.WaitGC)},
	{"waitReasonGarbageCollectionScan", int(trace.WaitGC)},
	{"waitReasonGCAssistWait", int(trace.WaitGC)},
	{"waitReasonGCSweepWait", int(trace.WaitGC)},
	{"waitReasonWaitForGCCycle", int(trace.WaitGC)},
	{"waitReasonStoppingTheWorld", int(trace.WaitGC)},
	{"waitReasonGCMarkTermination", int(trace.WaitGC)},
	{"waitReasonSynctestRun", int(trace.WaitSynctest)},
	{"waitReasonSynctestWait", int(trace.WaitSynctest)},
	{"waitReasonSynctestChanReceive", int(trace.WaitChanReceive)},
	{"waitReasonSynctestChanSend", int(trace.WaitChanSend)},
	{"waitReasonSynctestSelect", int(trace.WaitSelect)},
	{"waitReasonSynctestWaitGroupWait", int(trace.WaitSyncWaitGroup)},
}

// hookNames returns the declarations, Go source for package runtime.
func hookNames() string {
	var b strings.Builder
	b.WriteString("\nconst (\n")
	for _, c := range hookConsts {
		fmt.Fprintf(&b, "\t%s = %d\n", c.name, c.value)
	}
	fmt.Fprintf(&b, ")\n\nvar weftReasons = [256]uint8{\n\t255: %d,\n", trace.WaitRuntime)
	for _, r := range hookReasons {
		fmt.Fprintf(&b, "\t%s: %d,\n", r.name, r.value)
	}
	b.WriteString("}\n")
	return b.String()
}
