//go:build weftmodel

package sched

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"testing"

	"github.com/weftgo/weft/coro"
)

// A model checker: it runs a few threads of real code in every possible order
// of their steps. A thread is a coroutine that gives way in model(); a step is
// what it does from one model() to the next. A step is taken whole, so what is
// found is what can happen on a machine whose memory is sequentially
// consistent.
//
// The search goes depth first. A coroutine can't be copied, so to try another
// thread at an earlier point everything is run again from the start along the
// recorded choices. Two orders that lead to the same state have the same
// future; only the first is followed, the other's continuations are counted.
// For that a state must contain all that decides the future: the memory
// shared, and for each thread what it has in hand. A coroutine's locals can't
// be read, but they follow from what it saw at each of its steps in its present
// operation (program.observe).

// program is what is to be checked.
type program interface {
	reset()                            // back to the start
	bodies() []func(*modelThread)      // the threads, the same every time
	observe(i int, seen []byte) []byte // adds what thread i's next step reads
	state(b []byte) []byte             // all shared memory and results
	stepped() error                    // invariants, after every step
	finished() error                   // after the last
}

type modelThread struct {
	raw     coro.Raw
	e       *explorer
	body    func(*modelThread)
	working bool
	blocked func() bool // not nil: can't go on until it says true
	ops     byte
	seen    []byte // observed at each step since the last op
}

// opDone says that the thread has nothing in hand that isn't in program.state.
func (th *modelThread) opDone() {
	th.ops++
	th.seen = th.seen[:0]
}

// await blocks the thread until cond holds. It returns early when the run is
// given up.
func (th *modelThread) await(cond func() bool) {
	th.blocked = cond
	th.raw.Swap()
	th.blocked = nil
}

func (th *modelThread) canStep() bool {
	return th.working && (th.blocked == nil || th.blocked())
}

func (th *modelThread) main() {
	for th.e.prog != nil {
		th.body(th)
		th.working = false
		th.raw.Swap()
	}
}

const maxModelDepth = 500 // steps: more is a loop that makes no progress

type explorer struct {
	prog    program
	threads []*modelThread
	current *modelThread
	known   map[[2]uint64]float64 // state → orders from there to the end
	seeds   [2]maphash.Seed
	path    []byte // which thread took each step
	buf     []byte

	orders float64 // found, all programs
	states int
	runs   int // replays from the start
}

func newExplorer(t *testing.T, prog program) *explorer {
	e := &explorer{prog: prog, known: map[[2]uint64]float64{}}
	e.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	for _, body := range prog.bodies() {
		th := &modelThread{e: e, body: body}
		th.raw.Init(func(back func(struct{}) bool) { th.raw.Begin(back); th.main() })
		e.threads = append(e.threads, th)
	}
	modelStep = func() { e.current.raw.Swap() }
	t.Cleanup(func() { modelStep = nil })
	return e
}

// explore tries every order of the steps of prog.
func (e *explorer) explore() error {
	clear(e.known)
	e.path = e.path[:0]
	if err := e.restart(); err != nil {
		return err
	}
	orders, err := e.from()
	e.orders += orders
	e.states += len(e.known)
	if err != nil {
		return fmt.Errorf("%w\nin the order of threads %v", err, e.path)
	}
	return nil
}

// from tries every order from where the threads stand, which is after path.
func (e *explorer) from() (orders float64, err error) {
	key := e.key()
	if n, ok := e.known[key]; ok {
		return n, nil
	}
	if len(e.path) > maxModelDepth {
		return 0, fmt.Errorf("no end after %d steps", len(e.path))
	}
	depth := len(e.path)
	first := true
	for i := range e.threads {
		if !first {
			e.path = e.path[:depth]
			if err := e.restart(); err != nil {
				return 0, err
			}
		}
		if !e.threads[i].canStep() {
			continue
		}
		first = false
		e.path = append(e.path, byte(i))
		if err := e.step(i); err != nil {
			return 0, err
		}
		n, err := e.from()
		if err != nil {
			return 0, err
		}
		orders += n
	}
	if first {
		if err := e.finished(); err != nil {
			return 0, err
		}
		orders = 1
	}
	e.path = e.path[:depth]
	e.known[key] = orders
	return orders, nil
}

func (e *explorer) finished() error {
	for i, th := range e.threads {
		if th.working {
			return fmt.Errorf("thread %d waits for ever", i)
		}
	}
	return e.prog.finished()
}

// restart runs everything from the start along path.
func (e *explorer) restart() error {
	e.drain()
	e.prog.reset()
	e.runs++
	for i, th := range e.threads {
		th.working, th.blocked, th.ops, th.seen = true, nil, 0, th.seen[:0]
		e.enter(i) // up to its first model()
	}
	for _, i := range e.path {
		if err := e.step(int(i)); err != nil {
			return err
		}
	}
	return nil
}

// drain lets every thread come to its end.
func (e *explorer) drain() {
	for i, th := range e.threads {
		for n := 0; th.working; n++ {
			if n > maxModelDepth {
				panic("model: a thread alone makes no progress")
			}
			e.enter(i)
		}
	}
}

func (e *explorer) step(i int) error {
	th := e.threads[i]
	th.seen = e.prog.observe(i, th.seen)
	e.enter(i)
	return e.prog.stepped()
}

func (e *explorer) enter(i int) {
	e.current = e.threads[i]
	e.current.raw.Swap()
}

func (e *explorer) key() (k [2]uint64) {
	b := e.prog.state(e.buf[:0])
	for _, th := range e.threads {
		b = append(b, byte(b2u(th.working)), th.ops)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(th.seen)))
		b = append(b, th.seen...)
	}
	e.buf = b
	return [2]uint64{maphash.Bytes(e.seeds[0], b), maphash.Bytes(e.seeds[1], b)}
}

// end lets the coroutines return.
func (e *explorer) end() {
	e.drain()
	e.prog = nil
	for i := range e.threads {
		e.enter(i)
	}
}
