package wsync

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/weftgo/weft/sched"
)

// Whoever is about to park for a lock writes that into a table, keyed by its
// identity, and then follows who holds the lock → what that one waits for → who
// holds it ... back to itself, or to somebody who runs. Locks remember their
// holder by the same identity, so this works for coroutines and goroutines.
//
// No cycle is missed: each member enters the table before it looks, so the last
// to enter finds all the others. And none is made up: it is followed twice. Every
// wait found in the first pass was still the same one (same waiter, same ticket)
// in the second, so its owner did not run between the two; and in the second
// pass, while none of them ran, each held the lock that the one before waits for.
//
// Locks need not be unlocked by their holder. So a cycle is reported, and the
// caller goes on to wait. One who waits for a lock that it holds itself is not
// reported: that is how a mutex is used to signal, and a hand-off looks the same
// for a moment. The deadlock report has it if nobody else unlocks.

// lock is what can be part of a cycle.
type lock interface {
	heldBy() uintptr // ident.Self() of who holds it alone, or 0
}

const waitingBuckets = 64

var waiting [waitingBuckets]waitingBucket

type waitingBucket struct {
	mu    sched.Lock
	first atomic.Pointer[lockWait] // written under mu; nil tells that there is none
	_     [64 - 16]byte            // a cache line each
}

func bucketOf(self uintptr) *waitingBucket {
	return &waiting[uint64(self)*0x9E3779B97F4A7C15>>58]
}

// enterWait says that sd's owner waits for l, and reports the cycle if that
// closes one.
func enterWait(sd *lockWait, l lock) {
	b := bucketOf(sd.val.self)
	b.mu.Lock()
	sd.val.lock = l
	sd.val.reported = false
	sd.val.prev = nil
	sd.val.next = b.first.Load()
	if sd.val.next != nil {
		sd.val.next.val.prev = sd
	}
	b.first.Store(sd)
	b.mu.Unlock()
	if holder := l.heldBy(); holder != 0 && holder != sd.val.self && lookup(holder).w != nil {
		checkCycle(sd)
	}
}

// leaveWait undoes enterWait, also when sd's owner is unwound.
func leaveWait(sd *lockWait) {
	b := bucketOf(sd.val.self)
	b.mu.Lock()
	if sd.val.prev == nil {
		b.first.Store(sd.val.next)
	} else {
		sd.val.prev.val.next = sd.val.next
	}
	if sd.val.next != nil {
		sd.val.next.val.prev = sd.val.prev
	}
	b.mu.Unlock()
}

// waitLink is one wait: who waits and for what.
type waitLink struct {
	w        *sched.Waiter
	t        sched.Ticket
	self     uintptr
	lock     lock
	reported bool
}

func linkOf(sd *lockWait) waitLink {
	return waitLink{sd.w, sd.t, sd.val.self, sd.val.lock, sd.val.reported}
}

// lookup returns the wait that self is in; its w is nil if there is none.
func lookup(self uintptr) (l waitLink) {
	b := bucketOf(self)
	if b.first.Load() == nil {
		return l
	}
	b.mu.Lock()
	for sd := b.first.Load(); sd != nil; sd = sd.val.next {
		if sd.val.self == self && sd.w.Pending(sd.t) {
			l = linkOf(sd)
			break
		}
	}
	b.mu.Unlock()
	return l
}

// maxCycle bounds the walk: longer cycles are left to the deadlock report.
const maxCycle = 64

// reporting orders those who find a cycle at the same time: the first reports it.
var reporting sched.Lock

func checkCycle(sd *lockWait) {
	me := lookup(sd.val.self)
	if me.w == nil {
		return // it has been woken already
	}
	first := follow(me)
	if first == nil {
		return
	}
	reporting.Lock()
	second := follow(me)
	found := slices.EqualFunc(first, second, func(a, b waitLink) bool {
		return a.w == b.w && a.t == b.t && !b.reported
	}) && me.w.Pending(me.t)
	if found {
		b := bucketOf(me.self)
		b.mu.Lock()
		sd.val.reported = true
		b.mu.Unlock()
	}
	reporting.Unlock()
	if found {
		reportCycle(describeCycle(second))
	}
}

// follow returns the cycle that begins with me, or nil.
func follow(me waitLink) []waitLink {
	cycle := []waitLink{me}
	for l := me; len(cycle) <= maxCycle; cycle = append(cycle, l) {
		holder := l.lock.heldBy()
		if holder == me.self {
			return cycle
		}
		if holder == 0 {
			return nil
		}
		if l = lookup(holder); l.w == nil {
			return nil
		}
	}
	return nil
}

func describeCycle(cycle []waitLink) string {
	var b strings.Builder
	b.WriteString("lock cycle:")
	for i, l := range cycle {
		holder := cycle[(i+1)%len(cycle)]
		fmt.Fprintf(&b, "\n\t%s waits for %T %p, held by %s", l.name(), l.lock, l.lock, holder.name())
	}
	b.WriteString("\n")
	return b.String()
}

func (l waitLink) name() string { return waiterName(l.w.G(), l.self) }

func waiterName(gp *sched.G, self uintptr) string {
	if gp == nil {
		return fmt.Sprintf("goroutine at %#x", self)
	}
	return fmt.Sprintf("g%d %s", gp.ID(), gp.Entry())
}

// holder returns the coroutine with that identity, nil if there is none.
func holder(self uintptr) *sched.G {
	if self == 0 {
		return nil
	}
	return sched.FindG(self)
}

func holderName(self uintptr) string {
	if self == 0 {
		return ""
	}
	return waiterName(holder(self), self)
}

// reportCycle is a variable for the tests.
var reportCycle = sched.ReportCycle
