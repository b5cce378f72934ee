package wsync

import (
	"context"
	"iter"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// A channel is a ring of values and two queues of waiters, under one lock that
// is never held across a park. Invariants, whenever the lock is free:
//
//   - values in the ring and waiting receivers exclude each other;
//   - waiting senders mean that the ring is full (of capacity 0: always);
//   - a closed channel has no waiter that was queued before it was closed, once
//     Close has returned, and gets no new one.
//
// "Waiter" there means one whose wait is still on: a node whose wait has ended
// otherwise (a context's end, another case of its select, an unwound coroutine)
// may stay queued a while, and is skipped by whoever pops it because Ready
// refuses its ticket.
//
// Hand-off is direct. A sender writes into the node of a waiting receiver; a
// receiver takes from the node of a blocked sender. Ready is called after the
// lock has been released where that is enough: it may start an M, and the woken
// coroutine's next move is often on this very channel. If Ready says no, the
// caller has lost nothing: it still has its value (or has copied one that it
// forgets), and starts again. The exception is a receive from a full ring, which
// puts the blocked sender's value into the ring: there the sender must be known
// to be ours first, so Ready is called under the lock.
//
// Why no wake-up is lost: who finds nothing to do pushes its node before it
// lets go of the lock under which it looked, so whoever changes that comes
// later and finds the node; and the ticket is older than the push, so a Ready
// that comes before Park makes Park return at once.

// chanBase is what a channel is without its element type: what select needs.
type chanBase struct {
	mu     sched.Lock
	closed bool
}

// Chan is a channel of values of type T. A nil *Chan is Go's nil channel: send
// and receive wait for ever. The zero value is an unbuffered channel.
type Chan[T any] struct {
	chanBase
	buf        []T // the ring; len(buf) is the capacity
	head, n    int // buf[head] is the oldest of n values
	recvq      queue[T]
	sendq      queue[T]
	spare      *sudog[T] // for select: free nodes, linked by next
	spareCount int
}

// NewChan returns a channel with room for size values; 0 makes it unbuffered.
func NewChan[T any](size int) *Chan[T] {
	if size < 0 {
		panic(Error("makechan: size out of range"))
	}
	c := new(Chan[T])
	if size > 0 {
		c.buf = make([]T, size)
	}
	return c
}

// Len returns the number of values in c's buffer.
func (c *Chan[T]) Len() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	n := c.n
	c.mu.Unlock()
	return n
}

// Cap returns the size of c's buffer.
func (c *Chan[T]) Cap() int {
	if c == nil {
		return 0
	}
	return len(c.buf)
}

// status says how an attempt went.
type status uint8

const (
	blocked status = iota // nothing done; the channel's lock is still held
	done
	shut // the channel is closed
)

// Send gives v to a receiver or to the buffer, and waits while neither can take
// it. It panics if c is or gets closed.
func (c *Chan[T]) Send(v T) {
	if c == nil {
		park(trace.WaitChanSendNil)
	}
	if c.trySend(v) == blocked {
		sd := acquireSudog[T](sched.Self()) // enqueueSend by hand: a call less, 2 %
		sd.val = v
		c.sendq.push(sd)
		c.mu.Unlock()
		next, yield := sd.w.Depart(sd.t, trace.WaitChanSend, c) // Park by hand
		if next != nil {
			next()
		} else if yield != nil {
			yield(struct{}{})
		}
		if sd.w.Return(next != nil || yield != nil)&closedBit != 0 {
			sd.release()
			panicSend()
		}
		sd.release()
	}
}

// TrySend is Send if it need not wait; it reports whether it sent. It does not
// park.
func (c *Chan[T]) TrySend(v T) bool {
	if c == nil {
		return false
	}
	if c.trySend(v) == blocked {
		c.mu.Unlock()
		return false
	}
	return true
}

// SendContext is Send, given up when ctx ends: it then returns ctx's error.
func (c *Chan[T]) SendContext(ctx context.Context, v T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c == nil {
		return parkContext(ctx, trace.WaitChanSendNil)
	}
	if c.trySend(v) != blocked {
		return nil
	}
	sd := c.enqueueSend(v)
	out := waitContext(ctx, sd.w, sd.t, trace.WaitChanSend, c)
	if out == cancelled {
		c.remove(&c.sendq, sd)
	}
	sd.release()
	switch {
	case out == cancelled:
		return contextErr(ctx)
	case out&closedBit != 0:
		panicSend()
	}
	return nil
}

// Recv waits for a value and returns it with ok true. When c is closed and
// empty it returns the zero value and false.
func (c *Chan[T]) Recv() (v T, ok bool) {
	if c == nil {
		park(trace.WaitChanReceiveNil)
	}
	v, st := c.tryRecv()
	if st == blocked {
		sd := acquireSudog[T](sched.Self()) // enqueueRecv by hand
		c.recvq.push(sd)
		c.mu.Unlock()
		next, yield := sd.w.Depart(sd.t, trace.WaitChanReceive, c) // Park by hand
		if next != nil {
			next()
		} else if yield != nil {
			yield(struct{}{})
		}
		out := sd.w.Return(next != nil || yield != nil)
		v = sd.val
		sd.release()
		return v, out&closedBit == 0
	}
	return v, st == done
}

// TryRecv receives if it need not wait. ok tells that v is a value; closed that
// there will be none any more. Both are false when c is empty but open. It does
// not park.
func (c *Chan[T]) TryRecv() (v T, ok, closed bool) {
	if c == nil {
		return v, false, false
	}
	v, st := c.tryRecv()
	if st == blocked {
		c.mu.Unlock()
	}
	return v, st == done, st == shut
}

// RecvContext is Recv, given up when ctx ends: it then returns ctx's error.
func (c *Chan[T]) RecvContext(ctx context.Context) (v T, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return v, false, err
	}
	if c == nil {
		return v, false, parkContext(ctx, trace.WaitChanReceiveNil)
	}
	v, st := c.tryRecv()
	if st != blocked {
		return v, st == done, nil
	}
	sd := c.enqueueRecv()
	out := waitContext(ctx, sd.w, sd.t, trace.WaitChanReceive, c)
	if out == cancelled {
		c.remove(&c.recvq, sd)
		sd.release()
		return v, false, contextErr(ctx)
	}
	v = sd.val
	sd.release()
	return v, out&closedBit == 0, nil
}

// All returns an iterator that receives until c is closed and empty.
func (c *Chan[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			if v, ok := c.Recv(); !ok || !yield(v) {
				return
			}
		}
	}
}

// Close marks that nothing more will be sent: receivers get what is buffered,
// then ok false; blocked senders panic. It panics if c is nil or closed. It
// does not park.
func (c *Chan[T]) Close() {
	if c == nil {
		panic(Error("close of nil channel"))
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		panic(Error("close of closed channel"))
	}
	c.closed = true
	// One at a time: a waiter that its context wakes meanwhile takes its own
	// node out, so a list of them could not be walked without the lock.
	for {
		sd := c.recvq.pop()
		if sd == nil {
			sd = c.sendq.pop()
		}
		if sd == nil {
			break
		}
		w, t, out := sd.w, sd.t, sd.outcome
		c.mu.Unlock()
		w.Ready(t, int(out|closedBit))
		c.mu.Lock()
	}
	c.mu.Unlock()
}

// trySend takes the lock and sends if it need not wait. It keeps the lock only
// when it returns blocked.
func (c *Chan[T]) trySend(v T) status {
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			panicSend()
		}
		if sd := c.recvq.pop(); sd != nil {
			sd.val = v
			w, t, out := sd.w, sd.t, sd.outcome
			c.mu.Unlock()
			if w.Ready(t, int(out)) {
				return done
			}
			continue
		}
		if c.n == len(c.buf) {
			return blocked
		}
		c.putLocked(v)
		c.mu.Unlock()
		return done
	}
}

// tryRecv is trySend's counterpart.
func (c *Chan[T]) tryRecv() (v T, st status) {
	for {
		c.mu.Lock()
		if c.n > 0 {
			v = c.takeLocked()
			c.mu.Unlock()
			return v, done
		}
		var zero T
		if c.closed {
			c.mu.Unlock()
			return zero, shut
		}
		sd := c.sendq.pop() // only an unbuffered channel has one here
		if sd == nil {
			return zero, blocked
		}
		v = sd.val
		w, t, out := sd.w, sd.t, sd.outcome
		c.mu.Unlock()
		if w.Ready(t, int(out)) {
			return v, done
		}
	}
}

// putLocked appends v to a ring that has room.
func (c *Chan[T]) putLocked(v T) {
	i := c.head + c.n
	if i >= len(c.buf) {
		i -= len(c.buf)
	}
	c.buf[i] = v
	c.n++
}

// takeLocked removes the oldest value of a ring that has one, and lets the
// first blocked sender put its own at the end.
func (c *Chan[T]) takeLocked() T {
	var zero T
	p := &c.buf[c.head]
	v := *p
	*p = zero
	if c.head++; c.head == len(c.buf) {
		c.head = 0
	}
	c.n--
	for !c.closed { // else the senders that are still there panic
		sd := c.sendq.pop()
		if sd == nil {
			break
		}
		next := sd.val
		if sd.ready() {
			c.putLocked(next)
			break
		}
	}
	return v
}

// enqueueSend queues the caller as a sender of v and releases the lock.
func (c *Chan[T]) enqueueSend(v T) *sudog[T] {
	sd := acquireSudog[T](sched.Self())
	sd.val = v
	c.sendq.push(sd)
	c.mu.Unlock()
	return sd
}

// enqueueRecv queues the caller as a receiver and releases the lock.
func (c *Chan[T]) enqueueRecv() *sudog[T] {
	sd := acquireSudog[T](sched.Self())
	c.recvq.push(sd)
	c.mu.Unlock()
	return sd
}

func (c *Chan[T]) remove(q *queue[T], sd *sudog[T]) {
	c.mu.Lock()
	q.remove(sd)
	c.mu.Unlock()
}

func panicSend() { panic(Error("send on closed channel")) }

// park waits for what never comes.
func park(why trace.Reason) {
	w := sched.Self()
	w.Park(w.Begin(), why, nil)
	panic("unreachable")
}
