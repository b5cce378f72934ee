package tester

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/weftgo/weft/explore"
)

// Event is one event of a schedule.
type Event struct {
	Op  int
	G   int // goroutine, counted from 1 in the schedule
	Obj uint64
	Now time.Duration // virtual
	pcs []uint64
	fn  uint64 // of one that is made: behind its entry
}

// Run is one schedule that has been repeated.
type Run struct {
	Progress explore.Progress
	Failure  *explore.Failure // nil if it did not fail
	Unfit    bool             // the default schedule, which comes first, failed
	Hash     uint64
	Steps    uint64
	Devs     []explore.Dev
	Complete bool // Devs are all its deviations
	Lost     bool // a deviation had no option: the program is not the one the token is of
	Story    []Event
	Told     uint64 // events there were; Story has the last ones
	loaded   uint64
	Untamed  []Untamed
}

// Detail is what a tester knows of a failure.
type Detail struct {
	Output  string
	Stacks  string // of all goroutines
	Blocked []Blocked
	Hash    uint64
	base    int // of the goroutines' numbers in Stacks
}

// Blocked is a goroutine that is left.
type Blocked struct {
	G      int
	Reason string // why it waits, in the runtime's words; "" if it could run
	Op     int    // what it was about to do last
	Obj    uint64 // to what
	Owner  int    // who holds that, 0 if nobody is known to
}

// Untamed is something that weft does not control.
type Untamed struct {
	Kind int
	pcs  []uint64
}

var untamedWords = [explore.UntamedKinds]string{
	explore.UntamedNet:     "waits for a real descriptor (network, pipe or terminal)",
	explore.UntamedSyscall: "a system call of more than 100 ms",
	explore.UntamedSpin:    "runs for a second without a scheduling point",
	explore.UntamedCgo:     "calls C",
	explore.UntamedGC:      "the garbage collector ran within a schedule",
	explore.UntamedOutside: "wants from the network what is not in memory; -realnet has the real one",
	explore.UntamedAddress: "walks a map whose keys are addresses: its order depends on what was allocated before",
}

// UntamedWords says what the bits of explore.WordUntamed mean, nil if none is set.
func UntamedWords(bits uint64) (all []string) {
	for kind, words := range untamedWords {
		if bits&(1<<kind) != 0 {
			all = append(all, words)
		}
	}
	return all
}

func (d *Detail) take(w *worker) {
	d.Hash, d.base = w.word(explore.WordHash), int(w.word(explore.WordBase))
}

// take reads what the shared memory has.
func (r *Run) take(w *worker) {
	r.Hash, r.Lost, r.loaded = w.word(explore.WordHash), w.word(explore.WordLost) != 0, w.word(explore.WordText)
	r.Steps = w.word(explore.WordSteps)
	r.Told = w.word(explore.WordStory)
	for i := r.Told - min(r.Told, explore.WireMaxStory); i < r.Told; i++ {
		at := w.mem[explore.WireStory+8*explore.WireEvent*(i%explore.WireMaxStory):]
		get := func(i int) uint64 { return binary.NativeEndian.Uint64(at[8*i:]) }
		e := Event{Op: int(uint32(get(0))), G: int(get(0) >> 32), Obj: get(1), Now: time.Duration(get(2))}
		for k := range min(get(3), explore.WireEvent-4) {
			e.pcs = append(e.pcs, get(4+int(k)))
		}
		if e.Op == explore.OpBorn && len(e.pcs) == 2 {
			e.pcs, e.fn = e.pcs[:1], e.pcs[1]
		}
		r.Story = append(r.Story, e)
	}
	r.Devs, r.Complete = w.devs()
	r.Untamed = w.untamed()
}

func (w *worker) untamed() (all []Untamed) {
	for kind := range explore.UntamedKinds {
		if w.word(explore.WordUntamed)&(1<<kind) == 0 {
			continue
		}
		u := Untamed{Kind: kind}
		for i := range explore.WireStack {
			if pc := w.word(explore.WordStacks + kind*explore.WireStack + i); pc != 0 {
				u.pcs = append(u.pcs, pc)
			}
		}
		all = append(all, u)
	}
	return all
}

func parseBlocked(s string) (all []Blocked) {
	for _, one := range strings.Split(s, ";") {
		var b Blocked
		f := strings.Split(one, " ")
		if len(f) != 5 {
			continue
		}
		b.G, b.Reason, b.Op, b.Owner = int(number(f[0])), strings.ReplaceAll(f[1], "_", " "), int(number(f[2])), int(number(f[4]))
		fmt.Sscanf(f[3], "%x", &b.Obj)
		all = append(all, b)
	}
	return all
}

var opWords = [explore.Ops]string{
	explore.OpGo: "go", explore.OpSend: "send", explore.OpRecv: "receive", explore.OpClose: "close", explore.OpSelect: "select",
	explore.OpLock:   "Lock",
	explore.OpUnlock: "Unlock", explore.OpRLock: "RLock", explore.OpRUnlock: "RUnlock", explore.OpTryLock: "TryLock",
	explore.OpWGAdd: "WaitGroup.Add", explore.OpWGWait: "WaitGroup.Wait", explore.OpCondWait: "Cond.Wait", explore.OpSignal: "Signal",
	explore.OpBroadcast: "Broadcast", explore.OpMap: "sync.Map", explore.OpAtomic: "atomic", explore.OpTimer: "timer",
	explore.OpClock: "reads the clock", explore.OpSleep: "Sleep", explore.OpYield: "Gosched",
	explore.OpRun: "runs", explore.OpBorn: "is made",
	explore.OpExit: "ends", explore.OpTime: "time passes", explore.OpLocked: "has it",
	explore.OpPark: "waits", explore.OpReady: "can run again", explore.OpRing: "closes a ring", explore.OpChoose: "a decision",
	explore.OpNetRead: "read", explore.OpNetWrite: "write",
}

// storyLine is one line of a story: what a goroutine came to.
type storyLine struct {
	g    int
	text string
}

// story condenses the events to what the program itself did, in its own lines. Goroutines of package testing are left out.
func (s *symbols) story(r *Run) (lines []storyLine) {
	names := map[int]bool{}
	for _, e := range r.relevant() {
		switch e.Op {
		case explore.OpRun, explore.OpClock, explore.OpLocked, explore.OpGo, explore.OpPark, explore.OpReady, explore.OpChoose:
			continue
		case explore.OpTime:
			lines = append(lines, storyLine{0, fmt.Sprintf("time passes to %v", e.Now)})
			continue
		}
		f, deep := s.user(e.pcs, r.loaded)
		if f.File == "" && !(e.Op == explore.OpExit && names[e.G]) || f.File != "" && s.std(f.File) {
			continue
		}
		switch e.Op {
		case explore.OpBorn:
			names[e.G] = true
			lines = append(lines, storyLine{e.G, fmt.Sprintf("made at %s", s.place(f))})
		case explore.OpExit:
			lines = append(lines, storyLine{e.G, "ends"})
		case explore.OpRing:
			lines = append(lines, storyLine{e.G, "waits for it, and closes a ring of locks"})
		default:
			word := opWords[e.Op]
			if deep > 1 {
				word = "" // within a function of the standard library
			}
			line := storyLine{e.G, fmt.Sprintf("%-22s %-14s %s", s.place(f), word, s.source(f))}
			if n := len(lines); deep <= 1 || n == 0 || lines[n-1] != line {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// relevant returns the events up to the failure: the schedule of a ring of locks has gone on, to see whether it would be broken.
func (r *Run) relevant() []Event {
	if r.Failure != nil && r.Failure.Kind == "cycle" {
		for i := len(r.Story) - 1; i >= 0; i-- {
			if r.Story[i].Op == explore.OpRing {
				return r.Story[:i+1]
			}
		}
	}
	return r.Story
}

// writeStory writes a story of at most so many lines, without its middle if need be.
func writeStory(w io.Writer, lines []storyLine, most int) {
	last := -1
	for i, l := range lines {
		if n := len(lines) - most; n > 0 && i >= most/3 && i < most/3+n {
			if i == most/3 {
				fmt.Fprintf(w, "      ... %d more ...\n", n)
				last = -1
			}
			continue
		}
		name := ""
		if l.g != last {
			name = fmt.Sprintf("g%d", l.g)
			if l.g == 0 {
				name = ""
			}
			last = l.g
		}
		fmt.Fprintf(w, "    %-4s %s\n", name, l.text)
	}
}

// writeDecisions writes every event with its place.
func (s *symbols) writeDecisions(w io.Writer, r *Run) {
	if n := r.Told - uint64(len(r.Story)); n > 0 {
		fmt.Fprintf(w, "... %d events ...\n", n)
	}
	for _, e := range r.Story {
		if e.Op == explore.OpChoose {
			continue
		}
		f, _ := s.user(e.pcs, r.loaded)
		fmt.Fprintf(w, "%12v g%-3d %-14s %#-14x %s\n", e.Now, e.G, opWords[e.Op], e.Obj, s.place(f))
	}
}
