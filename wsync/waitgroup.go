package wsync

import (
	"sync/atomic"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// A WaitGroup is one word, the counter above the number of waiters, and their
// queue. The word goes from "waiters" to 0 in one step when the counter reaches
// zero, under q.mu, and a waiter counts itself and queues itself in one critical
// section of the same lock: whoever is counted is in the queue.

const wgWaiters = 1<<32 - 1 // the low half counts waiters, the high half is the counter

// waitQueue is a queue of plain waiters with its lock.
type waitQueue struct {
	mu sched.Lock
	queue[int64]
}

// A WaitGroup waits for a number of tasks to end; see [sync.WaitGroup]. The
// zero value waits for none. It must not be copied after first use.
type WaitGroup struct {
	state atomic.Uint64
	q     waitQueue
}

// Add adds delta, which may be negative, to the counter. At zero all waiters
// are released; below zero it panics. It does not park.
func (wg *WaitGroup) Add(delta int) {
	s := wg.state.Add(uint64(delta) << 32)
	if delta > 0 && int32(s>>32) == int32(delta) && s&wgWaiters != 0 {
		panic(Error("sync: WaitGroup misuse: Add called concurrently with Wait"))
	}
	if int64(s) <= wgWaiters {
		wg.notAbove(s)
	}
}

// Done is Add(-1).
func (wg *WaitGroup) Done() {
	if s := wg.state.Add(^uint64(wgWaiters)); int64(s) <= wgWaiters {
		wg.notAbove(s)
	}
}

// notAbove: the word has become s, whose counter is not above zero. (Inlined it
// would keep Done from being so.)
//
//go:noinline
func (wg *WaitGroup) notAbove(s uint64) {
	if int64(s) < 0 {
		panic(Error("sync: negative WaitGroup counter"))
	}
	if s != 0 {
		wg.releaseWaiters(s)
	}
}

// Wait waits until the counter is zero.
func (wg *WaitGroup) Wait() {
	if int32(wg.state.Load()>>32) == 0 {
		return
	}
	w := sched.Self()
	wg.q.mu.Lock()
	for {
		s := wg.state.Load()
		if int32(s>>32) == 0 {
			wg.q.mu.Unlock()
			w.Release()
			return
		}
		if wg.state.CompareAndSwap(s, s+1) {
			break
		}
	}
	sd := acquireWaitNode(w)
	wg.q.push(sd)
	wg.q.mu.Unlock()
	w.Park(sd.t, trace.WaitWaitGroup, wg)
	sd.release()
}

// Go calls f in a new coroutine and adds it to wg until it has returned. f must
// not panic.
//
//go:noinline
func (wg *WaitGroup) Go(f func()) {
	wg.Add(1)
	sched.Current().Newproc(func() {
		defer func() {
			// A panic ends the process, or the runtime: whoever waits must not
			// go on as if f had returned. After a Goexit it must.
			if v := recover(); v != nil {
				panic(v)
			}
			wg.Done()
		}()
		f()
	}, ident.CallerPC())
}

// releaseWaiters wakes everyone. The word is s, its counter zero; until this
// call has cleared it, only a misuse changes it.
func (wg *WaitGroup) releaseWaiters(s uint64) {
	wg.q.mu.Lock()
	if !wg.state.CompareAndSwap(s, 0) {
		wg.q.mu.Unlock()
		panic(Error("sync: WaitGroup misuse: Add called concurrently with Wait"))
	}
	q := wg.q.queue
	wg.q.queue = queue[int64]{}
	wg.q.mu.Unlock()
	q.readyAll()
}
