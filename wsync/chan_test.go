package wsync

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
)

func TestUnbufferedSendWaitsForReceiver(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		c := NewChan[int](0)
		var sent atomic.Bool
		s.spawn(func() {
			c.Send(7)
			sent.Store(true)
		})
		until(func() bool { return queued(c, &c.sendq) == 1 })
		if sent.Load() {
			t.Error("Send returned with nobody to receive")
		}
		if v, ok := c.Recv(); v != 7 || !ok {
			t.Errorf("Recv = %d, %v, want 7, true", v, ok)
		}
		until(sent.Load)
	})
}

func TestBufferedChanKeepsOrderAndLimit(t *testing.T) {
	c := NewChan[int](3)
	for i := range 3 {
		if !c.TrySend(i) {
			t.Fatalf("TrySend(%d) failed with room", i)
		}
	}
	if c.TrySend(3) || c.Len() != 3 || c.Cap() != 3 {
		t.Fatalf("full channel took a value (len %d, cap %d)", c.Len(), c.Cap())
	}
	for i := range 3 {
		if v, ok, closed := c.TryRecv(); v != i || !ok || closed {
			t.Fatalf("TryRecv = %d, %v, %v, want %d, true, false", v, ok, closed, i)
		}
	}
	if _, ok, closed := c.TryRecv(); ok || closed {
		t.Fatalf("TryRecv on an empty open channel: ok %v, closed %v", ok, closed)
	}
}

func TestBlockedSenderFillsTheSlotThatRecvFrees(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		c := NewChan[int](1)
		c.Send(1)
		s.spawn(func() { c.Send(2) })
		until(func() bool { return queued(c, &c.sendq) == 1 })
		for want := 1; want <= 2; want++ {
			if v, ok, _ := c.TryRecv(); v != want || !ok {
				t.Errorf("TryRecv = %d, %v, want %d, true", v, ok, want)
			}
		}
	})
}

func TestCloseWakesReceiversAfterTheBuffer(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		c := NewChan[int](2)
		var zeros atomic.Int64
		for range 3 {
			s.spawn(func() {
				if v, ok := c.Recv(); v == 0 && !ok {
					zeros.Add(1)
				}
			})
		}
		until(func() bool { return queued(c, &c.recvq) == 3 })
		c.Close()
		until(func() bool { return zeros.Load() == 3 })

		d := NewChan[int](2)
		d.Send(5)
		d.Close()
		if v, ok := d.Recv(); v != 5 || !ok {
			t.Errorf("closed channel gave %d, %v before its buffer was empty", v, ok)
		}
		if v, ok, closed := d.TryRecv(); v != 0 || ok || !closed {
			t.Errorf("TryRecv = %d, %v, %v on closed and empty", v, ok, closed)
		}
	})
}

func queued[T any](c *Chan[T], q *queue[T]) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for sd := q.first; sd != nil; sd = sd.next {
		n++
	}
	return n
}

func TestCloseMakesBlockedSenderPanic(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		c := NewChan[int](0)
		got := make(chan any, 1)
		s.spawn(func() { got <- panicOf(func() { c.Send(1) }) })
		until(func() bool { return queued(c, &c.sendq) == 1 })
		c.Close()
		until(func() bool { return len(got) == 1 })
		wantPanic(t, "send on closed channel", func() { panic(<-got) })
	})
}

// Close wakes one waiter after the other. Nobody receives from a sender that it
// has not reached yet: once the channel is closed, that sender panics.
func TestNothingIsTakenFromABlockedSenderDuringClose(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		for size := range 2 {
			c := NewChan[int](size)
			for range size {
				c.Send(1)
			}
			got := make(chan any, 1)
			s.spawn(func() { got <- panicOf(func() { c.Send(2) }) })
			until(func() bool { return queued(c, &c.sendq) == 1 })
			setClosed := func(closed bool) {
				c.mu.Lock()
				c.closed = closed
				c.mu.Unlock()
			}
			setClosed(true) // as in the middle of Close
			for range size {
				c.TryRecv()
			}
			if v, ok, closed := c.TryRecv(); ok || !closed {
				t.Errorf("size %d: TryRecv = %d, %v, %v, want closed", size, v, ok, closed)
			}
			if i := Select(OnRecv(c, func(v int, ok bool) {
				if ok {
					t.Errorf("size %d: Select took %d", size, v)
				}
			}), OnRecv((*Chan[int])(nil), nil)); i != 0 {
				t.Errorf("case %d", i)
			}
			setClosed(false)
			c.Close()
			until(func() bool { return len(got) == 1 })
			wantPanic(t, "send on closed channel", func() { panic(<-got) })
		}
	})
}

func TestChanPanicsAreGos(t *testing.T) {
	closed := NewChan[int](1)
	closed.Close()
	wantPanic(t, "send on closed channel", func() { closed.Send(1) })
	wantPanic(t, "send on closed channel", func() { closed.TrySend(1) })
	wantPanic(t, "send on closed channel", func() { closed.SendContext(t.Context(), 1) })
	wantPanic(t, "close of closed channel", func() { closed.Close() })
	wantPanic(t, "close of nil channel", func() { (*Chan[int])(nil).Close() })
	wantPanic(t, "makechan: size out of range", func() { NewChan[int](-1) })
	if _, ok := panicOf(func() { closed.Close() }).(runtime.Error); !ok {
		t.Error("the panic is no runtime.Error")
	}
}

func TestNilChanIsNeverReady(t *testing.T) {
	var c *Chan[int]
	if c.TrySend(1) || c.Len() != 0 || c.Cap() != 0 {
		t.Error("nil channel took a value or has a size")
	}
	if _, ok, closed := c.TryRecv(); ok || closed {
		t.Error("nil channel gave a value or is closed")
	}
	forEachSetting(t, func(t *testing.T, s setting) {
		ctx, cancel := context.WithCancel(t.Context())
		s.spawn(cancel)
		if _, _, err := c.RecvContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("RecvContext = %v", err)
		}
		if err := c.SendContext(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("SendContext = %v", err)
		}
	})
}

func TestAllEndsWithCloseAndStopsWithBreak(t *testing.T) {
	c := NewChan[int](5)
	for i := range 5 {
		c.Send(i)
	}
	for v := range c.All() {
		if v == 1 {
			break
		}
	}
	c.Close()
	if got := slices.Collect(c.All()); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("All gave %v, want [2 3 4]", got)
	}
}

// A wait that its context ends leaves no node behind and takes no value.
func TestContextEndsWait(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		c := NewChan[int](0)
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			s.spawn(cancel)
			if _, _, err := c.RecvContext(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("RecvContext = %v", err)
			}
			ctx, cancel = context.WithCancel(t.Context())
			s.spawn(cancel)
			if err := c.SendContext(ctx, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("SendContext = %v", err)
			}
		}
		if n := queued(c, &c.recvq) + queued(c, &c.sendq); n != 0 {
			t.Errorf("%d waiters left in the queues", n)
		}
		s.spawn(func() { c.Send(9) })
		if v, ok, err := c.RecvContext(t.Context()); v != 9 || !ok || err != nil {
			t.Errorf("RecvContext = %d, %v, %v", v, ok, err)
		}
	})
}

// Contexts end while values pass: each value that was sent without an error is
// received exactly once, and no other.
func TestContextRacesHandOff(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		for _, size := range []int{0, 2} {
			c := NewChan[int](size)
			var sent, got atomic.Int64
			var stop atomic.Bool
			s.spawn(func() {
				defer stop.Store(true)
				for i := 1; i <= 300; i++ {
					ctx, cancel := context.WithCancel(t.Context())
					s.spawn(cancel)
					if c.SendContext(ctx, i) == nil {
						sent.Add(int64(i))
					}
				}
			})
			for !stop.Load() {
				ctx, cancel := context.WithCancel(t.Context())
				s.spawn(cancel)
				if v, ok, err := c.RecvContext(ctx); ok && err == nil {
					got.Add(int64(v))
				}
			}
			for v, ok, _ := c.TryRecv(); ok; v, ok, _ = c.TryRecv() {
				got.Add(int64(v))
			}
			if sent.Load() != got.Load() {
				t.Errorf("size %d: sent %d, received %d", size, sent.Load(), got.Load())
			}
		}
	})
}

// Many senders and receivers on channels of several sizes: nothing is lost,
// doubled or reordered within one sender.
func TestChanHammer(t *testing.T) {
	const senders, receivers, each = 4, 4, 500
	forEachSetting(t, func(t *testing.T, s setting) {
		for _, size := range []int{0, 1, 2, 7} {
			c := NewChan[[2]int](size)
			var seen [senders][each]atomic.Int32
			var running atomic.Int64
			running.Store(senders)
			s.all(senders+receivers, func(i int) {
				if i < senders {
					for n := range each {
						c.Send([2]int{i, n})
					}
					if running.Add(-1) == 0 {
						c.Close()
					}
					return
				}
				last := [senders]int{-1, -1, -1, -1}
				for v := range c.All() {
					if v[1] <= last[v[0]] {
						t.Errorf("size %d: value %d of sender %d after %d", size, v[1], v[0], last[v[0]])
					}
					last[v[0]] = v[1]
					seen[v[0]][v[1]].Add(1)
				}
			})
			for i := range seen {
				for n := range seen[i] {
					if k := seen[i][n].Load(); k != 1 {
						t.Errorf("size %d: value %d of sender %d came %d times", size, n, i, k)
					}
				}
			}
		}
	})
}

// Close races with senders and receivers: a Send either is received or panics.
func TestCloseRacesSendersAndReceivers(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		for round := range 100 {
			c := NewChan[int](round % 3)
			var sent, got, panics atomic.Int64
			s.all(7, func(i int) {
				switch {
				case i < 3:
					if panicOf(func() { c.Send(1) }) == nil {
						sent.Add(1)
					} else {
						panics.Add(1)
					}
				case i < 6:
					if _, ok := c.Recv(); ok {
						got.Add(1)
					}
				default:
					c.Close()
				}
			})
			for range c.All() {
				got.Add(1)
			}
			if sent.Load() != got.Load() || sent.Load()+panics.Load() != 3 {
				t.Errorf("round %d: sent %d, received %d, panicked %d", round, sent.Load(), got.Load(), panics.Load())
			}
		}
	})
}
