package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The sentences that only Go's own runtime needs.

func (n *narrator) describeGo(e *Event) string {
	switch e.Kind {
	case KEntry:
		return n.f("the executable's entry point is %#x%s", e.A, parens(n.symbols.get(e.A).Name()))
	case KArgs:
		return n.f("args: argc %d, argv at %#x", e.A, e.B)
	case KOSInit:
		return n.f("osinit: %s, %d bytes a page", n.count(e.A, "processor"), e.B)
	case KMInit:
		return n.f("m%d is at %#x, its g0 at %#x", e.M, e.A, e.B)
	case KPInit:
		return n.f("p%d is at %#x", e.P, e.A)
	case KStack:
		whose := fmt.Sprintf("g%d", e.A)
		if e.A == 0 {
			whose = fmt.Sprintf("m%d.g0", e.M)
		}
		return n.f("%s: stack from %#x to %#x, %d bytes", whose, e.B, e.C, e.C-e.B)
	case KGoEntry, KGoArg:
		return n.describeEntry(e)
	case KInitTask:
		return n.f("initialise package %s", n.initialised(e.A))
	}
	return n.describeSys(e)
}

func (n *narrator) describeEntry(e *Event) string {
	if e.Kind == KGoArg {
		words := make([]string, 0, 3)
		for _, w := range []uint64{e.B, e.C}[:min(e.Sub, 2)] {
			words = append(words, fmt.Sprintf("%#x", w))
		}
		if e.Sub > 2 {
			words = append(words, "…")
		}
		return n.f("g%d: copied at the go statement: %s", e.A, strings.Join(words, ", "))
	}
	return n.f("g%d: its function will return into %s (%#x); closure at %#x", e.A, n.symbols.get(e.B).Name(), e.B+1, e.C)
}

func (n *narrator) describeSys(e *Event) string {
	switch e.Kind {
	case KSyscall:
		return n.f("enter a system call%s", n.site(e.A))
	case KSysret:
		if e.A == 1 {
			return n.f("back from the system call, on p%d", e.P)
		}
		return n.f("back from the system call, no P is free → global runq")
	case KPreempt:
		if e.B == 0 {
			return n.f("preemptone: who is on p%d is asked to stop", e.A)
		}
		return n.f("preemptone: who is on p%d has run for %v and is asked to stop", e.A, time.Duration(e.B))
	}
	switch e.Kind {
	case KChoose:
		return n.describeChoice(e)
	case KServed:
		return n.f("served so far: %s, on %s", n.count(e.A, "request"), n.count(e.B, "connection"))
	}
	return n.f("gcstopm: m%d gives its P up, the world is to stop", e.M)
}

func (n *narrator) describeChoice(e *Event) string {
	who := fmt.Sprintf("g%d", e.B)
	if e.B == 0 {
		who = n.f("time")
	}
	s := n.f("decision %d: of %d, %s goes on", e.A, e.C, who)
	if e.Sub != 0 {
		s += n.f(", which is not the default")
	}
	return s
}

// initialised returns the package whose initialiser is at pc.
func (n *narrator) initialised(pc uint64) string {
	name := n.symbols.get(pc).Func
	slash := strings.LastIndexByte(name, '/') + 1
	if dot := strings.IndexByte(name[slash:], '.'); dot >= 0 {
		name = name[:slash+dot]
	}
	return name
}

// maxLeft is how many coroutines are named at the exit.
const maxLeft = 8

// left tells which coroutines are still there when the process exits, but for
// the one that ends it.
func (n *narrator) left(e *Event) string {
	var who []string
	for _, g := range slices.Sorted(maps.Keys(n.names)) {
		if g == e.G {
			continue
		}
		if len(who) == maxLeft {
			who = append(who, "…")
			break
		}
		state := n.f("runnable or running")
		if why, ok := n.whys[g]; ok {
			state = fmt.Sprintf("%v%s", n.word(why), space(n.waits[g]))
		}
		who = append(who, fmt.Sprintf("g%d %s (%s)", g, n.names[g], state))
	}
	if who == nil {
		return ""
	}
	return n.f("; still there: %s", strings.Join(who, ", "))
}
