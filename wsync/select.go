package wsync

import (
	"cmp"
	"slices"
	"sync"
	"unsafe"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// Select in four steps:
//
//  1. Lock all channels of the cases, in the order of their addresses (so two
//     selects can't hold what the other wants), and do the first ready case of a
//     random order, if there is one.
//  2. Else queue one node a case, all with the same ticket, and unlock.
//  3. Park. Wakers race for the ticket: exactly one Ready succeeds, with the
//     number of its case. The others have popped a node for nothing and go on
//     to the next waiter.
//  4. Take the losing nodes out of their queues, one channel after the other.
//
// All locks are held together in steps 1 and 2 so that the choice is made at one
// moment: a value that moves from one channel of the select to another can't be
// missed in between, and two selects that meet on a channel need no agreement,
// because the one that looks is not in any queue yet.
//
// A channel's nodes for select come from the channel's own spare list, under the
// lock that is held anyway. A chan address is stable: Park and the queues make
// every Chan escape to the heap, where objects do not move.

// Case is a case of a [Select].
type Case struct {
	ch   caseChan
	base *chanBase // nil: never ready
	fn   any       // func(T, bool), func(), or a nil one
	val  any       // what to send
	dir  direction
}

type direction uint8

const (
	dirRecv direction = iota
	dirSend
	dirDefault
)

// OnRecv is the case that receives from c and then calls f as c.Recv would
// return; f may be nil. f runs in the caller of Select, after the choice.
func OnRecv[T any](c *Chan[T], f func(v T, ok bool)) Case {
	if c == nil {
		return Case{}
	}
	return Case{ch: c, base: &c.chanBase, fn: f, dir: dirRecv}
}

// OnSend is the case that sends v to c and then calls f, which may be nil.
func OnSend[T any](c *Chan[T], v T, f func()) Case {
	if c == nil {
		return Case{dir: dirSend}
	}
	return Case{ch: c, base: &c.chanBase, fn: f, val: v, dir: dirSend}
}

// Default is the case that is chosen when no other is ready; it then calls f,
// which may be nil. A select has one at most.
func Default(f func()) Case { return Case{fn: f, dir: dirDefault} }

// Select waits until one of the cases can go on, does it, calls its function
// and returns its index. If several can, one is chosen at random, all with the
// same chance. With a [Default] it does not park. Without any case it waits for
// ever. It panics if the chosen case sends on a closed channel.
//
// Cases hold no state: they may be kept and used again, by several callers at
// once too. A loop that makes its cases once allocates nothing.
func Select(cases ...Case) int {
	if len(cases) > maxCases {
		panic(Error("select: too many cases"))
	}
	def := -1
	for i := range cases {
		if cases[i].dir == dirDefault {
			if def >= 0 {
				panic(Error("select: more than one default"))
			}
			def = i
		}
	}
	switch {
	case len(cases) == 0:
		park(trace.WaitSelectNoCases)
	case len(cases) == 1 && def < 0 && cases[0].base != nil:
		cases[0].ch.sole(cases[0], true)
		return 0
	case len(cases) == 2 && def >= 0 && cases[1-def].base != nil:
		if cases[1-def].ch.sole(cases[1-def], false) {
			return 1 - def
		}
		return callDefault(cases[def].fn, def)
	}
	s := selections.Get().(*selection)
	s.cases = append(s.cases[:0], cases...)
	s.plan()
	s.lock()
	for _, i := range s.poll {
		if s.cases[i].ch.attempt(s, int(i)) {
			return int(i)
		}
	}
	if def >= 0 {
		s.unlock()
		s.free()
		return callDefault(cases[def].fn, def)
	}
	return s.wait()
}

// maxCases is the number of cases that an outcome can tell apart, halved for
// the closed bit.
const maxCases = 1 << 18

func callDefault(fn any, index int) int {
	if f := fn.(func()); f != nil {
		f()
	}
	return index
}

// selection is the working memory of one Select, kept for the next. Its owner is
// the caller of Select.
type selection struct {
	cases []Case
	poll  []int32     // cases whose channel is not nil, shuffled
	locks []*chanBase // their channels by address, each once
	nodes []any       // *sudog[T] of each case, while waiting
}

var selections = sync.Pool{New: func() any { return new(selection) }}

// free gives s back. The caller must have copied what it still needs.
func (s *selection) free() {
	clear(s.cases)
	clear(s.locks)
	clear(s.nodes)
	selections.Put(s)
}

// plan fills poll, by inserting each case at a random place among those before
// it, and locks.
func (s *selection) plan() {
	s.poll, s.locks = s.poll[:0], s.locks[:0]
	rnd := uint64(sched.Cheaprand())
	for i := range s.cases {
		base := s.cases[i].base
		if base == nil {
			continue
		}
		rnd = rnd*6364136223846793005 + 1442695040888963407
		n := len(s.poll)
		j := int(rnd >> 32 * uint64(n+1) >> 32) // 0 to n
		s.poll = append(s.poll, int32(i))
		s.poll[n] = s.poll[j]
		s.poll[j] = int32(i)
		s.locks = append(s.locks, base)
	}
	slices.SortFunc(s.locks, func(a, b *chanBase) int {
		return cmp.Compare(uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(b)))
	})
	s.locks = slices.Compact(s.locks)
}

func (s *selection) lock() {
	for _, b := range s.locks {
		b.mu.Lock()
	}
}

func (s *selection) unlock() {
	for _, b := range s.locks {
		b.mu.Unlock()
	}
}

// wait is steps 2 to 4. The locks are held.
func (s *selection) wait() int {
	w := sched.Self()
	t := w.Begin()
	s.nodes = slices.Grow(s.nodes[:0], len(s.cases))[:len(s.cases)]
	for _, i := range s.poll {
		s.nodes[i] = s.cases[i].ch.enqueueLocked(&s.cases[i], w, t, int(i))
	}
	s.unlock()
	out := w.Park(t, trace.WaitSelect, nil)
	w.Release()
	index := out >> 1
	for _, i := range s.poll {
		if int(i) != index {
			s.cases[i].ch.dequeue(&s.cases[i], s.nodes[i])
		}
	}
	s.cases[index].ch.complete(s, index, out&closedBit != 0)
	return index
}

// caseChan is what Select needs of a Chan[T].
type caseChan interface {
	// sole does a select of just this case; without block it gives up, and
	// returns false, rather than wait.
	sole(k Case, block bool) bool
	// attempt does case i of s if it is ready; it then unlocks and frees s.
	attempt(s *selection, i int) bool
	// enqueueLocked queues a node for case k, with the number index.
	enqueueLocked(k *Case, w *sched.Waiter, t sched.Ticket, index int) any
	// dequeue ends the use of a node whose case was not chosen.
	dequeue(k *Case, node any)
	// complete ends the use of the chosen node, frees s and calls the function.
	complete(s *selection, index int, closed bool)
}

func (c *Chan[T]) sole(k Case, block bool) bool {
	if k.dir == dirSend {
		v, _ := k.val.(T) // not ok: a nil interface value
		if block {
			c.Send(v)
		} else if !c.TrySend(v) {
			return false
		}
		call(k.fn)
		return true
	}
	var v T
	var ok, closed bool
	if block {
		v, ok = c.Recv()
	} else if v, ok, closed = c.TryRecv(); !ok && !closed {
		return false
	}
	callRecv(k.fn, v, ok)
	return true
}

func (c *Chan[T]) attempt(s *selection, i int) bool {
	k := &s.cases[i]
	fn := k.fn
	if k.dir == dirSend {
		if c.closed {
			s.unlock()
			s.free()
			panicSend()
		}
		v, _ := k.val.(T)
		if !c.giveLocked(v) {
			return false
		}
		s.unlock()
		s.free()
		call(fn)
		return true
	}
	v, st := c.getLocked()
	if st == blocked {
		return false
	}
	s.unlock()
	s.free()
	callRecv(fn, v, st == done)
	return true
}

// giveLocked sends on an open channel if it need not wait.
func (c *Chan[T]) giveLocked(v T) bool {
	for sd := c.recvq.pop(); sd != nil; sd = c.recvq.pop() {
		sd.val = v
		if sd.ready() {
			return true
		}
	}
	if c.n == len(c.buf) {
		return false
	}
	c.putLocked(v)
	return true
}

// getLocked receives if it need not wait.
func (c *Chan[T]) getLocked() (v T, st status) {
	if c.n > 0 {
		return c.takeLocked(), done
	}
	var zero T
	if c.closed {
		return zero, shut
	}
	for sd := c.sendq.pop(); sd != nil; sd = c.sendq.pop() {
		v = sd.val
		if sd.ready() {
			return v, done
		}
	}
	return zero, blocked
}

func (c *Chan[T]) enqueueLocked(k *Case, w *sched.Waiter, t sched.Ticket, index int) any {
	sd := c.spare
	if sd == nil {
		sd = new(sudog[T])
	} else {
		c.spare = sd.next
		c.spareCount--
	}
	sd.w, sd.t, sd.outcome = w, t, int32(index<<1)
	if k.dir == dirSend {
		sd.val, _ = k.val.(T)
		c.sendq.push(sd)
	} else {
		c.recvq.push(sd)
	}
	return sd
}

func (c *Chan[T]) dequeue(k *Case, node any) {
	sd := node.(*sudog[T])
	c.mu.Lock()
	if k.dir == dirSend {
		c.sendq.remove(sd)
	} else {
		c.recvq.remove(sd)
	}
	c.recycleLocked(sd)
	c.mu.Unlock()
}

func (c *Chan[T]) complete(s *selection, index int, closed bool) {
	k := s.cases[index]
	sd := s.nodes[index].(*sudog[T])
	v := sd.val
	c.mu.Lock()
	c.recycleLocked(sd)
	c.mu.Unlock()
	s.free()
	switch {
	case k.dir == dirRecv:
		callRecv(k.fn, v, !closed)
	case closed:
		panicSend()
	default:
		call(k.fn)
	}
}

// maxSpare bounds what a channel keeps after many selects waited on it at once.
const maxSpare = 64

func (c *Chan[T]) recycleLocked(sd *sudog[T]) {
	if c.spareCount == maxSpare {
		return
	}
	*sd = sudog[T]{next: c.spare}
	c.spare = sd
	c.spareCount++
}

func call(fn any) {
	if f := fn.(func()); f != nil {
		f()
	}
}

func callRecv[T any](fn any, v T, ok bool) {
	if f := fn.(func(T, bool)); f != nil {
		f(v, ok)
	}
}
