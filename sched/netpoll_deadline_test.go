package sched

import (
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/weftgo/weft/poll"
)

// A million idle connections cost a million of these.
func TestSizeOfAnOpenDescriptor(t *testing.T) {
	if size := unsafe.Sizeof(PollDesc{}); size > 104 {
		t.Errorf("a PollDesc has %d bytes", size)
	}
	if size := unsafe.Sizeof(deadlineEntry{}); size > 16 {
		t.Errorf("an armed deadline has %d bytes", size)
	}
}

// inRun runs f in a runtime of its own, whose deadlines nobody else has.
func inRun(t *testing.T, f func(s *Sched)) {
	t.Helper()
	fdCheck(t, Run(func() { f(Current()) }, Options{Procs: 2, NoDeadlock: true}))
}

func TestFDDeadlinesOfManyFireEachInItsTime(t *testing.T) {
	inRun(t, func(s *Sched) {
		const count = 300
		var early, wrong, left atomic.Int32
		left.Store(count)
		start := s.Now()
		for i := range count {
			pd, peer := watchedPair(t, s)
			settle(t, pd, peer)
			due := start + int64(time.Duration(i*7919%count)*100*time.Microsecond)
			pd.SetDeadline(Reading, due)
			Go(func() {
				defer left.Add(-1)
				if err := fdWait(pd, Reading); err != os.ErrDeadlineExceeded {
					wrong.Add(1)
				}
				if s.Now() < due {
					early.Add(1)
				}
			})
		}
		for left.Load() > 0 {
			Sleep(time.Millisecond)
		}
		if early.Load()+wrong.Load() != 0 {
			t.Errorf("%d calls ended early, %d without the deadline's error", early.Load(), wrong.Load())
		}
		if d := &s.np.deadlines; len(d.heap) != 0 || d.dead != 0 {
			t.Errorf("%d entries are left, %d dead", len(d.heap), d.dead)
		}
	})
}

// A server sets a far deadline and closes long before it, or reads under a
// nearer one: what is dead must not pile up until the far one would have come.
func TestFDDeadDeadlinesDoNotPileUp(t *testing.T) {
	inRun(t, func(s *Sched) {
		for range 300 {
			pd, peer := watchedPair(t, s)
			settle(t, pd, peer)
			for _, d := range []time.Duration{time.Hour, time.Minute, time.Second} {
				pd.SetDeadline(Reading, s.Now()+int64(d))
				Go(func() { awaitParked(t, pd, Reading); fdWrite(t, peer, "x") })
				if n, err := fdRead(pd, make([]byte, 2)); n != 1 || err != nil {
					t.Fatalf("read: %d, %v", n, err)
				}
			}
			pd.Evict()
			pd.Close()
			s.np.insert(pd) // for its cleanup
		}
		if n := len(s.np.deadlines.heap); n > 200 {
			t.Errorf("%d entries for no descriptor", n)
		}
	})
}

// A closed descriptor's deadline that is far away is no timer that a deadlock's
// report would wait for.
func TestFDTheLastCloseTakesTheTimerAlong(t *testing.T) {
	if poll.Pollerless(poll.Default()) {
		t.Skip("a call that waits is timed in another way")
	}
	inRun(t, func(s *Sched) {
		var all []*PollDesc
		for range 3 {
			pd, peer := watchedPair(t, s)
			settle(t, pd, peer)
			pd.SetDeadline(Reading, s.Now()+int64(time.Hour))
			Go(func() { fdWait(pd, Reading) })
			awaitParked(t, pd, Reading)
			all = append(all, pd)
		}
		for i, pd := range slices.Backward(all) {
			if s.nextTimer() == 0 {
				t.Error("no timer is armed, and a call waits")
			}
			if i == 0 { // its first deadline does not count any more, and the other fires
				pd.SetDeadline(Reading, s.Now()+int64(time.Millisecond))
				eventually(t, "the deadline has ended the call", func() bool { return !pd.Parked(Reading) })
			}
			pd.Evict()
			pd.Close()
		}
		if next := s.nextTimer(); next != 0 {
			t.Errorf("a timer is armed for %v from now", time.Duration(next-s.Now()))
		}
		for _, pd := range all {
			s.np.insert(pd) // for its cleanup
		}
	})
}
