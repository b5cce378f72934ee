package sched

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/trace"
)

// All tests of descriptors run under these models, too: -tags weftblocking,
// weftbusy. Here is what is so of them alone.

// withModel runs f on one P under a model, with a watched socket and its peer.
func withModel(t *testing.T, model string, f func(s *Sched, pd *PollDesc, peer int)) {
	t.Helper()
	watchdog(t)
	fdCheck(t, Run(func() {
		pd, peer := watchedPair(t, Current())
		f(Current(), pd, peer)
	}, Options{Procs: 1, IO: model, NoDeadlock: true}))
}

// Row 2: a read blocks its thread in a system call, and its P, the only one, is
// handed off: others run.
func TestBlockingReadSitsInItsSystemCallWhileOthersHaveThePs(t *testing.T) {
	withModel(t, "blocking", func(s *Sched, pd *PollDesc, peer int) {
		var reader atomic.Pointer[G] // who computes for long goes on without a P, beside the others
		var reads atomic.Int32
		before := s.ReadStats().Handoffs
		Go(func() {
			reader.Store(Getg())
			for reads.Load() < 2 {
				if n, err := fdRead(pd, make([]byte, 8)); n != 4 || err != nil {
					t.Errorf("read %d bytes, %v", n, err)
				}
				reads.Add(1)
			}
		})
		for read := range int32(2) {
			for reads.Load() < read || reader.Load() == nil || !pd.Parked(Reading) || reader.Load().Status() != Gsyscall {
				Yield()
			}
			fdWrite(t, peer, "text")
		}
		for reads.Load() < 2 {
			Yield()
		}
		if n := s.ReadStats().Handoffs - before; n < 2 {
			t.Errorf("%d hand-offs", n)
		}
	})
}

// Row 3: a read says EAGAIN and is tried again and again; others run in between.
func TestBusyReadAsksAgainAndAgain(t *testing.T) {
	withModel(t, "busy", func(s *Sched, pd *PollDesc, peer int) {
		var tries, turns atomic.Int32
		Go(func() {
			for tries.Load() < 20 {
				turns.Add(1)
				Yield()
			}
			fdWrite(t, peer, "x")
		})
		for {
			pd.Arm(Reading)
			n, err := unix.Read(int(pd.fd), make([]byte, 8))
			if n == 1 {
				break
			}
			if err != unix.EAGAIN {
				t.Fatal(n, err)
			}
			tries.Add(1)
			fdCheck(t, pd.Wait(Reading, trace.WaitIORead))
		}
		if tries.Load() < 20 || turns.Load() < 10 {
			t.Errorf("%d tries, %d turns of the other", tries.Load(), turns.Load())
		}
	})
}

// A busy wait never lets the P rest: timers must fire all the same, its own
// deadline among them.
func TestBusyWaitDoesNotStarveTimers(t *testing.T) {
	withModel(t, "busy", func(s *Sched, pd *PollDesc, peer int) {
		var slept atomic.Bool
		Go(func() {
			Sleep(2 * time.Millisecond)
			slept.Store(true)
		})
		pd.SetDeadline(Reading, s.Now()+int64(time.Minute))
		err := error(nil)
		for err == nil && !slept.Load() {
			err = pd.Wait(Reading, trace.WaitIORead)
		}
		fdCheck(t, err)
		pd.SetDeadline(Reading, s.Now()+int64(2*time.Millisecond))
		for err == nil {
			err = pd.Wait(Reading, trace.WaitIORead)
		}
		if err != os.ErrDeadlineExceeded {
			t.Error(err)
		}
	})
}

// A coroutine that is left in a wait must not keep its runtime from ending.
func TestModelsWithoutPollerEndWithTheRuntime(t *testing.T) {
	for _, model := range []string{"blocking", "busy"} {
		unwound := false
		withModel(t, model, func(s *Sched, pd *PollDesc, peer int) {
			settle(t, pd, peer)
			Go(func() {
				defer func() { unwound = true }()
				for {
					pd.Arm(Reading)
					if err := pd.Wait(Reading, trace.WaitIORead); err != nil {
						t.Error(err)
					}
				}
			})
			awaitParked(t, pd, Reading)
		})
		if !unwound {
			t.Errorf("%s: its deferred call has not run", model)
		}
	}
}

func TestModelsWithoutPollerNeedRealTime(t *testing.T) {
	for _, model := range []string{"blocking", "busy"} {
		fdCheck(t, Run(func() {
			_, err := Current().OpenFD(0)
			if err == nil || !strings.Contains(err.Error(), model) || !strings.Contains(err.Error(), "clock") {
				t.Errorf("%s: %v", model, err)
			}
		}, Options{IO: model, Clock: clock.NewVirtual()}))
	}
}

// Go ends a process that needs too many threads, so there is a limit before that.
func TestBlockingHasALimit(t *testing.T) {
	withModel(t, "blocking", func(s *Sched, pd *PollDesc, peer int) {
		calls := &s.np.calls
		calls.mu.Lock()
		open := calls.open
		calls.open = maxBlocking
		calls.mu.Unlock()
		_, err := s.OpenFD(peer)
		calls.mu.Lock()
		calls.open = open
		calls.mu.Unlock()
		if err == nil || !strings.Contains(err.Error(), "4000") || !strings.Contains(err.Error(), "epoll") {
			t.Errorf("%v", err)
		} else if temporary, ok := err.(interface{ Temporary() bool }); !ok || !temporary.Temporary() {
			t.Error("a server would take it for its end")
		}
	})
}

// The bells of calls that have ended are closed at the end: no descriptor leaks.
func TestBlockingLeavesNoDescriptorOpen(t *testing.T) {
	count := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(fds)
	}
	before := count()
	for range 20 {
		fdCheck(t, Run(func() {
			s := Current()
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			fdCheck(t, err)
			pd, err := s.OpenFD(fds[0])
			fdCheck(t, err)
			idle(t, pd)
			var over atomic.Bool
			Go(func() {
				if err := pd.Wait(Reading, trace.WaitIORead); err != ErrFDClosed {
					t.Error(err)
				}
				over.Store(true)
			})
			awaitParked(t, pd, Reading)
			pd.Evict()
			for !over.Load() {
				Yield()
			}
			pd.Close()
			unix.Close(fds[0])
			unix.Close(fds[1])
		}, Options{Procs: 1, IO: "blocking", NoDeadlock: true}))
	}
	if after := count(); after > before+5 {
		t.Errorf("%d descriptors were open, now %d", before, after)
	}
}
