package explore

// What package seam's hook, inside the program, and the explorer, outside, tell each other: this file too has a copy in Go's
// runtime. They share a piece of memory, so that the record of a schedule outlives a process that dies in it. It begins with
// words of 64 bits in the machine's own order; the deviations and the story follow. The hook alone writes.

// Words at the head of the shared memory.
const (
	WordState   = iota // see below
	WordIndex          // of the schedule, as the driver counts
	WordSteps          // decisions
	WordDevs           // deviations
	WordHash           // of the schedule
	WordLost           // a replayed deviation had no option
	WordStory          // events told, the last WireMaxStory are there
	WordPoints         // scheduling points passed
	WordNow            // virtual time, ns
	WordUntamed        // bits: 1<<Untamed...
	WordText           // address of the program's text
	WordSeed           // of the schedule
	WordBase           // what the ids of the schedule's goroutines are counted from
	WordStacks         // from here: for each Untamed, WireStack program counters
)

// The values of WordState.
const (
	StateOutside  = iota // no schedule runs
	StateRunning         // the program runs, or died
	StateRest            // nothing could go on
	StateTooLong         // more points than allowed
	StateTimedOut        // more virtual time than allowed
	StateRing            // a ring of goroutines that wait for each other's locks
)

// What was seen that the hook does not control.
const (
	UntamedNet     = iota // a goroutine waited for a real descriptor
	UntamedSyscall        // a system call took so long that its P was taken
	UntamedSpin           // a goroutine ran for long without a scheduling point and was preempted
	UntamedCgo            // a call of C
	UntamedGC             // the collector ran within the schedule
	UntamedOutside        // a socket wanted what the in-memory network has not
	UntamedAddress        // a map's order depended on addresses
	UntamedKinds
)

// The layout of the shared memory.
const (
	WireStack    = 24
	WireDevs     = 4096
	WireMaxDevs  = 1 << 18
	WireStory    = WireDevs + 8*WireMaxDevs
	WireMaxStory = 1 << 15
	WireEvent    = 12 // words: op and goroutine, object, virtual time, number of program counters, they themselves
	WireSize     = WireStory + 8*WireEvent*WireMaxStory
)

// A decision is told by as many events as its options need. The goroutine of each is the one that runs, 0 if none does; its object is the
// decision's number, what was taken in bits 32 to 47, and how many options there are in bits 48 to 63; each program counter is two
// options, the first in the lower half: goroutines in order, 0 for the clock.
const (
	WireOptions = 2 * (WireEvent - 4) // in one event
	WireTaken   = 32
	WireCount   = 48
)

// What a goroutine is about to do at a scheduling point, or what else the story tells.
const (
	OpNone = iota
	OpGo
	OpSend
	OpRecv
	OpClose
	OpSelect
	OpLock
	OpUnlock
	OpRLock
	OpRUnlock
	OpTryLock
	OpWGAdd
	OpWGWait
	OpCondWait
	OpSignal
	OpBroadcast
	OpMap
	OpAtomic
	OpTimer
	OpClock
	OpSleep
	OpYield
	OpRun      // a goroutine begins to run or goes on
	OpBorn     // a goroutine has been made; its counters are the go statement's and one behind its entry
	OpExit     // a goroutine has ended
	OpTime     // time passes to the next timer
	OpLocked   // a lock was taken
	OpPark     // a goroutine waits, for what it was about to do
	OpReady    // a goroutine that waited is runnable
	OpRing     // a goroutine is about to wait, which closes a ring of locks
	OpChoose   // a decision of the Picker; see WireOptions
	OpNetRead  // from a socket, or accepts
	OpNetWrite // to a socket
	Ops
)
