package wsync

import (
	"sync/atomic"
	"testing"
)

func TestSelectTakesTheReadyCase(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		in, out, never := NewChan[int](1), NewChan[string](1), NewChan[int](0)
		in.Send(3)
		got := 0
		i := Select(OnRecv(never, nil), OnRecv(in, func(v int, ok bool) {
			if ok {
				got = v
			}
		}))
		if i != 1 || got != 3 {
			t.Errorf("case %d with value %d, want 1 with 3", i, got)
		}
		called := false
		if i := Select(OnRecv(never, nil), OnSend(out, "x", func() { called = true })); i != 1 || !called {
			t.Errorf("case %d, called %v, want 1, true", i, called)
		}
		if v, _ := out.Recv(); v != "x" {
			t.Errorf("sent %q", v)
		}
	})
}

func TestSelectWaitsAndTakesTheFirstThatComes(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		for round := range 30 {
			a, b, c := NewChan[int](0), NewChan[string](0), NewChan[int](1)
			c.Send(0) // full: only a receive makes room
			s.spawn(func() {
				until(func() bool { return queued(a, &a.recvq)+queued(b, &b.recvq)+queued(c, &c.sendq) == 3 })
				switch round % 3 {
				case 0:
					a.Send(11)
				case 1:
					b.Send("s")
				case 2:
					c.Recv()
				}
			})
			got := ""
			i := Select(
				OnRecv(a, func(v int, ok bool) { got = "a" }),
				OnRecv(b, func(v string, ok bool) { got = "b" }),
				OnSend(c, 5, func() { got = "c" }))
			if want := []string{"a", "b", "c"}[round%3]; i != round%3 || got != want {
				t.Errorf("case %d called %s, want %s", i, got, want)
			}
			if n := queued(a, &a.recvq) + queued(b, &b.recvq) + queued(c, &c.sendq); n != 0 {
				t.Errorf("%d nodes of the losing cases stay queued", n)
			}
		}
	})
}

func TestSelectDefault(t *testing.T) {
	c, d := NewChan[int](0), NewChan[int](0)
	called := 0
	def := Default(func() { called++ })
	if i := Select(OnRecv(c, nil), def); i != 1 {
		t.Errorf("case %d, want the default", i)
	}
	if i := Select(def, OnSend(c, 1, nil), OnRecv(d, nil)); i != 0 {
		t.Errorf("case %d, want the default", i)
	}
	if i := Select(OnRecv((*Chan[int])(nil), nil), def); i != 1 {
		t.Errorf("case %d, want the default", i)
	}
	if i := Select(def); i != 0 || called != 4 {
		t.Errorf("case %d, default called %d times, want 4", i, called)
	}
	c.Close()
	if i := Select(OnRecv(c, nil), def); i != 0 {
		t.Errorf("case %d, want the closed channel", i)
	}
	wantPanic(t, "send on closed channel", func() { Select(OnSend(c, 1, nil), def) })
	wantPanic(t, "send on closed channel", func() { Select(OnSend(c, 1, nil), OnRecv(d, nil)) })
	wantPanic(t, "send on closed channel", func() { Select(OnSend(c, 1, nil)) })
	wantPanic(t, "select: more than one default", func() { Select(def, def) })
	if !c.mu.TryLock() || !d.mu.TryLock() {
		t.Error("a panic left a channel locked")
	}
}

func TestSelectSendsNilInterface(t *testing.T) {
	c := NewChan[error](1)
	Select(OnSend(c, nil, nil))
	if v, ok := c.Recv(); v != nil || !ok {
		t.Errorf("got %v, %v", v, ok)
	}
	forEachSetting(t, func(t *testing.T, s setting) {
		c, never := NewChan[error](0), NewChan[int](0)
		s.spawn(func() { Select(OnSend(c, nil, nil), OnRecv(never, nil)) })
		if v, ok := c.Recv(); v != nil || !ok {
			t.Errorf("got %v, %v", v, ok)
		}
	})
}

func TestSelectWakesOnClose(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		a, b := NewChan[int](0), NewChan[int](0)
		s.spawn(func() {
			until(func() bool { return queued(a, &a.recvq) == 1 })
			a.Close()
		})
		ok := true
		if i := Select(OnRecv(b, nil), OnRecv(a, func(_ int, more bool) { ok = more })); i != 1 || ok {
			t.Errorf("case %d, ok %v, want 1, false", i, ok)
		}
		s.spawn(func() {
			until(func() bool { return queued(b, &b.sendq) == 1 })
			b.Close()
		})
		wantPanic(t, "send on closed channel", func() { Select(OnSend(b, 1, nil), OnRecv(NewChan[int](0), nil)) })
	})
}

// The same channel in several cases, in both directions: a select never meets
// itself.
func TestSelectBothDirectionsOfOneChannel(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		c := NewChan[int](0)
		var sent, got, chosen atomic.Int64
		send := OnSend(c, 1, func() { sent.Add(1) })
		recv := OnRecv(c, func(v int, ok bool) { got.Add(int64(v)) })
		s.all(4, func(int) {
			for range 200 {
				Select(send, recv, send, recv)
				chosen.Add(1)
			}
			// Who ends early must not leave the others without a partner.
			for chosen.Load() < 800 {
				if Select(send, recv, Default(nil)) == 2 {
					yield()
				}
			}
		})
		if sent.Load() != got.Load() {
			t.Errorf("sent %d, received %d", sent.Load(), got.Load())
		}
		if queued(c, &c.sendq)+queued(c, &c.recvq) != 0 {
			t.Error("nodes stay queued")
		}
	})
}

func TestSelectHundredsOfCases(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		const n = 300
		chans := make([]*Chan[int], n)
		cases := make([]Case, n)
		var got atomic.Int64
		for i := range chans {
			chans[i] = NewChan[int](0)
			cases[i] = OnRecv(chans[i], func(v int, ok bool) { got.Add(int64(v)) })
		}
		s.spawn(func() {
			for i := range n {
				chans[(i*7)%n].Send(i)
			}
		})
		for i := range n {
			if k := Select(cases...); k != (i*7)%n {
				t.Errorf("round %d: case %d, want %d", i, k, (i*7)%n)
			}
		}
		if got.Load() != n*(n-1)/2 {
			t.Errorf("sum %d, want %d", got.Load(), n*(n-1)/2)
		}
	})
}

// A channel that is in many selects but never ready keeps no trace of them.
func TestLosingCasesDoNotAccumulate(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		never, c := NewChan[int](0), NewChan[int](0)
		s.spawn(func() {
			for range 500 {
				c.Send(1)
			}
		})
		cases := []Case{OnRecv(never, nil), OnRecv(c, nil)}
		for range 500 {
			Select(cases...)
		}
		if n := queued(never, &never.recvq); n != 0 || never.spareCount > maxSpare {
			t.Errorf("%d nodes queued, %d spare", n, never.spareCount)
		}
	})
}

// All ready cases are chosen equally often. Of 30,000 draws a case has 10,000,
// with a standard deviation of 82; the bound is ten of them.
func TestSelectIsFair(t *testing.T) {
	a, b, never, c := NewChan[int](1), NewChan[int](1), NewChan[int](0), NewChan[int](1)
	const draws = 30000
	var count [4]int
	cases := []Case{OnRecv(a, nil), OnRecv(never, nil), OnRecv(b, nil), OnSend(c, 1, nil)}
	for range draws {
		a.TrySend(1)
		b.TrySend(1)
		c.TryRecv()
		count[Select(cases...)]++
	}
	for i, n := range count {
		if want := draws / 3; i != 1 && (n < want-820 || n > want+820) {
			t.Errorf("case %d was chosen %d times of %d, want about %d: %v", i, n, draws, want, count)
		}
	}
}

// Two tasks select over the same channels in opposite roles and order, while a
// third closes one of them: nothing is lost and nobody hangs.
func TestSelectHammerWithClose(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		for range 30 {
			a, b, quit := NewChan[int](0), NewChan[int](1), NewChan[struct{}](0)
			var sent, got atomic.Int64
			s.all(7, func(i int) {
				if i == 6 {
					until(func() bool { return got.Load() > 100 })
					quit.Close()
					return
				}
				done := false
				stop := OnRecv(quit, func(struct{}, bool) { done = true })
				cases := []Case{
					OnRecv(a, func(v int, ok bool) { got.Add(1) }),
					OnRecv(b, func(v int, ok bool) { got.Add(1) }),
					stop,
				}
				if i%2 == 0 {
					cases = []Case{
						stop,
						OnSend(b, 1, func() { sent.Add(1) }),
						OnSend(a, 1, func() { sent.Add(1) }),
					}
				}
				for !done {
					Select(cases...)
				}
			})
			if sent.Load() != got.Load()+int64(b.Len()) {
				t.Errorf("sent %d, received %d, %d in the buffer", sent.Load(), got.Load(), b.Len())
			}
		}
	})
}
