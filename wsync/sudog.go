package wsync

import "github.com/weftgo/weft/sched"

// sudog is one waiter in one queue, with the value that it sends or is given.
//
// Its fields belong to two parties. busy is the owner's, the coroutine or
// goroutine that waits. Everything else belongs to who holds the lock of the
// primitive, from push until the node has been popped; after that, a waker may
// still write val and then calls Ready, which hands the node back to its owner.
// A waker therefore copies w, t and sel while it holds the lock, reads a blocked
// sender's val before Ready, and does not touch the node afterwards.
//
// A coroutine that is unwound while it waits never comes back from Park: its
// node stays in the queue, with a ticket that Ready refuses, until a waker pops
// it. Because busy is still set the node is not used again, not even by the
// deferred calls of that coroutine.
type sudog[T any] struct {
	w          *sched.Waiter
	t          sched.Ticket
	next, prev *sudog[T]
	val        T
	outcome    int32 // what a waker passes to Ready when it succeeds
	queued     bool  // it is in a queue

	busy bool
}

// ready ends the wait of a node that has been popped under the lock that the
// caller still holds.
func (sd *sudog[T]) ready() bool { return sd.w.Ready(sd.t, int(sd.outcome)) }

// cache holds a waiter's nodes between its waits, in Waiter.Slot, so that who
// alternates between two types of channel, a mutex and a WaitGroup allocates
// nothing. A million parked coroutines have a million of these, so whoever has
// needed only the smallest node has only that in the slot, and no cache.
type cache struct {
	wait  *waitNode // WaitGroup, Cond, Semaphore
	lock  *lockWait // Mutex, RWMutex
	chans [2]any    // *sudog[T]
	evict uint8     // the slot of chans to give up next
}

// waitNode is the node of a waiter that tells only how much it wants, if that.
type waitNode = sudog[int64]

func cacheOf(w *sched.Waiter) *cache {
	slot := w.Slot()
	c, ok := (*slot).(*cache)
	if !ok {
		c = new(cache)
		c.wait, _ = (*slot).(*waitNode)
		*slot = c
	}
	return c
}

// acquireSudog returns a node for a wait of w on a channel that begins now.
func acquireSudog[T any](w *sched.Waiter) *sudog[T] {
	c := cacheOf(w)
	sd, ok := c.chans[0].(*sudog[T])
	if !ok || sd.busy {
		sd, ok = c.chans[1].(*sudog[T])
		if !ok || sd.busy {
			sd = new(sudog[T])
			c.chans[c.evict] = sd
			c.evict ^= 1
		}
	}
	sd.begin(w, 0)
	return sd
}

// acquireWaitNode returns a node for a wait of w that begins now.
func acquireWaitNode(w *sched.Waiter) *waitNode {
	slot := w.Slot()
	sd, _ := (*slot).(*waitNode)
	c, _ := (*slot).(*cache)
	if c != nil {
		sd = c.wait
	}
	if sd == nil || sd.busy { // busy: the coroutine is being unwound
		sd = new(waitNode)
		if c != nil {
			c.wait = sd
		} else {
			*slot = sd
		}
	}
	sd.begin(w, granted)
	return sd
}

func (sd *sudog[T]) begin(w *sched.Waiter, outcome int32) {
	sd.w, sd.t, sd.outcome, sd.busy = w, w.Begin(), outcome, true
}

// release ends the owner's use of sd, which is in no queue any more.
func (sd *sudog[T]) release() {
	var zero T
	sd.val = zero
	sd.busy = false
	sd.w.Release()
}

// endWait tells how the wait of an owner that is being unwound has ended, and
// ends it if nobody else has. A waker may have chosen this waiter just before:
// then the owner has got what it will not use, and must pass it on.
func (sd *sudog[T]) endWait() int {
	if sd.w.Ready(sd.t, unwound) {
		return unwound
	}
	return sd.w.Park(sd.t, 0, nil) // returns at once
}

// readyAll wakes the waiters of a queue that the caller has detached from its
// primitive. Nobody else removes them: such a wait has no time limit, and the
// node of an unwound coroutine is not used again.
func (q queue[T]) readyAll() {
	for sd := q.first; sd != nil; {
		next := sd.next // after Ready the node is its owner's
		sd.ready()
		sd = next
	}
}

// queue is a list of waiters, first come first served.
type queue[T any] struct {
	first, last *sudog[T]
}

func (q *queue[T]) empty() bool { return q.first == nil }

func (q *queue[T]) push(sd *sudog[T]) {
	sd.queued = true
	sd.next = nil
	sd.prev = q.last
	if q.last == nil {
		q.first = sd
	} else {
		q.last.next = sd
	}
	q.last = sd
}

// pushFront is push for a waiter that has had its turn and lost it.
func (q *queue[T]) pushFront(sd *sudog[T]) {
	sd.queued = true
	sd.prev = nil
	sd.next = q.first
	if q.first == nil {
		q.last = sd
	} else {
		q.first.prev = sd
	}
	q.first = sd
}

// pop takes the first waiter out; nil when there is none.
func (q *queue[T]) pop() *sudog[T] {
	sd := q.first
	if sd == nil {
		return nil
	}
	sd.queued = false
	q.first = sd.next
	if q.first == nil {
		q.last = nil
	} else {
		q.first.prev = nil
		sd.next = nil // keep no other waiter alive
	}
	return sd
}

// remove takes sd out if it is still queued.
func (q *queue[T]) remove(sd *sudog[T]) {
	if !sd.queued {
		return
	}
	sd.queued = false
	if sd.prev == nil {
		q.first = sd.next
	} else {
		sd.prev.next = sd.next
	}
	if sd.next == nil {
		q.last = sd.prev
	} else {
		sd.next.prev = sd.prev
	}
}
