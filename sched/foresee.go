//go:build (amd64 || arm64) && !race

package sched

import (
	"unsafe"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/internal/prefetch"
	"github.com/weftgo/weft/poll"
)

// What the poller has found runs one after the other, and who comes next stands
// in the queue. With many connections nothing of it is in the caches: each
// coroutine would begin by waiting some dozen times for memory, a third of its
// time. So while one is about to run, the memory of the next ones is asked for.
// What is found behind a pointer takes a step for each pointer, so the fourth
// next is asked for its G, the third for its stk, and so on.
//
// The Gs in the queue are not the caller's: a thief may run one meanwhile and
// change what is read here. Each read is of one word, of memory that the
// collector keeps, and what comes of it is used as a hint and for nothing else.
// (Under the race detector there is no prefetching.)

// resting is where a stack's memory is: in 8 bytes, as a million have one.
type resting struct {
	sp hint // its stack pointer when it last parked in a read
	g  hint // Go's g
}

// hint is an address, counted in 16 bytes from a place in Go's heap. One that is
// 32 GB away or more is of no use, and does no harm.
type hint int32

var heapStart = uintptr(unsafe.Pointer(onHeap()))

//go:noinline
func onHeap() *[64]byte { return new([64]byte) }

func hintOf(p uintptr) hint { return hint((int(p) - int(heapStart)) >> 4) }

func (h hint) addr() uintptr { return heapStart + uintptr(int(h)<<4) }

// Sizes, in cache lines. A park inside a Read is some 600 bytes below the frame
// that called Read; switching takes some 200 below that.
const (
	below      = 256 // bytes of the stack
	linesStack = 16
	linesGoG   = 7
	linesG     = 3
	linesStk   = 2
	linesFunc  = 2
	linesPD    = 3
)

// rest notes where st rests. Called on st.
func (st *stk) rest() {
	st.resting.sp = hintOf(ident.StackPointer())
	if st.resting.g == 0 {
		st.resting.g = hintOf(ident.Self())
	}
}

// foresee asks for the memory of those who run next.
func (pp *P) foresee() {
	h := pp.runq.head.Load()
	n := pp.runq.tail.Load() - h
	if n > 3 {
		gp := pp.runq.slot[(h+3)%runqsize].load()
		prefetch.Lines(uintptr(unsafe.Pointer(gp)), linesG)
	}
	if n > 2 {
		st := pp.runq.slot[(h+2)%runqsize].load().stk
		prefetch.Lines(uintptr(unsafe.Pointer(st)), linesStk)
	}
	if n > 1 {
		gp := pp.runq.slot[(h+1)%runqsize].load()
		if st := gp.stk; st != nil {
			prefetch.Lines(uintptr(unsafe.Pointer(st.at)), linesStk)
			prefetch.Lines(st.resting.sp.addr()-below, linesStack)
			prefetch.Lines(st.resting.g.addr(), linesGoG)
			prefetch.Lines(here.Near(st.resting.g.addr()), 1)
		}
	}
	if n > 0 {
		gp := pp.runq.slot[h%runqsize].load()
		if st := gp.stk; st != nil && st.at != nil {
			next, yield := st.at.Doors()
			prefetch.Lines(next, linesFunc)
			prefetch.Lines(yield, linesFunc)
		}
	}
}

// foresee asks for what deliver needs for the events that follow events[i].
func (np *netpoller) foresee(events []poll.Event, i int) {
	if i+3 < len(events) {
		prefetch.Lines(uintptr(unsafe.Pointer(np.slot(events[i+3].Key))), 1)
	}
	if i+2 < len(events) {
		pd := np.slot(events[i+2].Key).pd.Load()
		prefetch.Lines(uintptr(unsafe.Pointer(pd)), linesPD)
	}
	if i+1 < len(events) {
		if pd := np.slot(events[i+1].Key).pd.Load(); pd != nil {
			prefetch.Lines(uintptr(unsafe.Pointer(pd.sides[Reading].w.Load())), linesG)
		}
	}
}
