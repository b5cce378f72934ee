package wsync

import (
	"sync"
	"sync/atomic"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// A Cond lets coroutines wait until another announces that something has
// changed; see [sync.Cond]. Its L, a *Mutex or *RWMutex as a rule, is held
// around the condition. It must not be copied after first use.
//
// Wait queues itself before it unlocks L. So a Signal by who has locked L since
// finds it, and no wake-up is lost.
type Cond struct {
	L sync.Locker

	self atomic.Pointer[Cond] // where c was first used
	q    waitQueue
}

// NewCond returns a Cond with lock l.
func NewCond(l sync.Locker) *Cond { return &Cond{L: l} }

// Wait unlocks c.L, waits for Signal or Broadcast, and locks c.L again before it
// returns. The condition may be false by then: call it in a loop.
func (c *Cond) Wait() {
	c.check()
	sd := acquireWaitNode(sched.Self())
	c.q.mu.Lock()
	c.q.push(sd)
	c.q.mu.Unlock()
	c.L.Unlock()
	// Deferred, because deferred calls of the caller unlock c.L even when the
	// coroutine is unwound here.
	unwinding := true // until Park has returned
	defer func() {
		if unwinding && sd.endWait() == granted {
			c.Signal() // the wake-up is for another
		}
		c.L.Lock()
	}()
	sd.w.Park(sd.t, trace.WaitCond, c)
	unwinding = false
	sd.release()
}

// Signal wakes one waiter, the one that waits longest, if there is any. The
// caller may hold c.L or not. It does not park.
func (c *Cond) Signal() {
	c.check()
	c.q.mu.Lock()
	for sd := c.q.pop(); sd != nil && !sd.ready(); sd = c.q.pop() {
	}
	c.q.mu.Unlock()
}

// Broadcast wakes all waiters. The caller may hold c.L or not. It does not park.
func (c *Cond) Broadcast() {
	c.check()
	c.q.mu.Lock()
	q := c.q.queue
	c.q.queue = queue[int64]{}
	c.q.mu.Unlock()
	q.readyAll()
}

// check panics if c is a copy of a Cond that has been used.
func (c *Cond) check() {
	if c.self.Load() != c && !c.self.CompareAndSwap(nil, c) && c.self.Load() != c {
		panic("sync.Cond is copied")
	}
}
