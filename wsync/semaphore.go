package wsync

import (
	"context"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// A Semaphore hands out shares of a fixed amount: as many callers as fit hold
// some of it at once. Requests are served in their order, so a big one is not
// starved by small ones. It has the methods of golang.org/x/sync/semaphore's
// Weighted.
//
// No share is lost between a Release and a context that ends at the same time:
// the ticket decides, and a waiter that was given its share keeps it.
type Semaphore struct {
	mu   sched.Lock
	size int64
	used int64 // at most size
	q    queue[int64]
}

// NewSemaphore returns a Semaphore of size n.
func NewSemaphore(n int64) *Semaphore { return &Semaphore{size: n} }

// Acquire takes n, and waits until it can or ctx ends, in which case it returns
// ctx's error and has taken nothing. A request for more than the size waits for
// the end of ctx. It panics if n is negative.
func (s *Semaphore) Acquire(ctx context.Context, n int64) error {
	checkWeight(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.freeLocked(n) {
		s.used += n
		s.mu.Unlock()
		return nil
	}
	if n > s.size {
		s.mu.Unlock()
		return parkContext(ctx, trace.WaitSemaphore)
	}
	w := sched.Self()
	sd := acquireWaitNode(w)
	sd.val = n
	s.q.push(sd)
	s.mu.Unlock()
	unwinding := true // until Park has returned
	defer func() {
		if unwinding {
			s.abandon(sd)
		}
	}()
	out := waitContext(ctx, w, sd.t, trace.WaitSemaphore, s)
	unwinding = false
	if out == cancelled {
		s.mu.Lock()
		s.q.remove(sd)
		s.grantLocked() // it may have been the one that was in the way
		s.mu.Unlock()
		sd.release()
		return contextErr(ctx)
	}
	sd.release()
	return nil
}

// abandon gives back what a waiter has got that was unwound in Park.
func (s *Semaphore) abandon(sd *waitNode) {
	if sd.endWait() == granted {
		s.Release(sd.val)
	}
}

// TryAcquire takes n if it can without waiting and overtaking, and reports
// whether it did. It does not park.
func (s *Semaphore) TryAcquire(n int64) bool {
	checkWeight(n)
	s.mu.Lock()
	ok := s.freeLocked(n)
	if ok {
		s.used += n
	}
	s.mu.Unlock()
	return ok
}

// Release gives n back. It panics if n is negative or more than is held. It does
// not park.
func (s *Semaphore) Release(n int64) {
	checkWeight(n)
	s.mu.Lock()
	if n > s.used {
		s.mu.Unlock()
		panic("semaphore: released more than held")
	}
	s.used -= n
	s.grantLocked()
	s.mu.Unlock()
}

// grantLocked serves waiters from the head of the queue while they fit.
func (s *Semaphore) grantLocked() {
	for sd := s.headLocked(); sd != nil && sd.val <= s.size-s.used; sd = s.headLocked() {
		n := sd.val // after Ready the node is its owner's
		s.q.pop()
		if sd.ready() {
			s.used += n
		}
	}
}

// freeLocked reports whether n can be had without waiting and overtaking.
func (s *Semaphore) freeLocked(n int64) bool {
	return n <= s.size-s.used && s.headLocked() == nil
}

// headLocked returns the first waiter. One that is gone must not stand in the
// way of the others.
func (s *Semaphore) headLocked() *waitNode {
	for s.q.first != nil && !s.q.first.w.Pending(s.q.first.t) {
		s.q.pop()
	}
	return s.q.first
}

func checkWeight(n int64) {
	if n < 0 {
		panic("semaphore: negative weight")
	}
}
