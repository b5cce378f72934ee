package sched

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// fdTest runs f, in a goroutine and in a coroutine of each of two runtimes,
// with a watched socket and its peer.
func fdTest(t *testing.T, f func(t *testing.T, pd *PollDesc, peer int)) {
	run := func(t *testing.T, s *Sched) {
		pd, peer := watchedPair(t, s)
		f(t, pd, peer)
	}
	t.Run("goroutine", func(t *testing.T) { run(t, Default()) })
	for name, procs := range map[string]int{"coroutine-1P": 1, "coroutine-2P": 2} {
		t.Run(name, func(t *testing.T) {
			if err := Run(func() { run(t, Current()) }, Options{Procs: procs, NoDeadlock: true}); err != nil {
				t.Error(err)
			}
		})
	}
}

func watchedPair(t *testing.T, s *Sched) (pd *PollDesc, peer int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	fdCheck(t, err)
	fdCheck(t, unix.SetNonblock(fds[0], true))
	pd, err = s.OpenFD(fds[0])
	fdCheck(t, err)
	t.Cleanup(func() {
		pd.Evict()
		pd.Close()
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return pd, fds[1]
}

func fdCheck(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fdWrite(t *testing.T, fd int, s string) {
	t.Helper()
	if _, err := unix.Write(fd, []byte(s)); err != nil {
		t.Error(err)
	}
}

// fdRead is a whole call by the protocol.
func fdRead(pd *PollDesc, p []byte) (int, error) {
	if err := pd.Begin(Reading); err != nil {
		return 0, err
	}
	for wait := pd.Idle(Reading); ; wait = true {
		if wait {
			if err := fdWait(pd, Reading); err != nil {
				return 0, err
			}
		}
		pd.Arm(Reading)
		n, err := unix.Read(int(pd.fd), p)
		if err == unix.EAGAIN {
			continue
		}
		if n <= 0 || n == len(p) {
			pd.More(Reading)
		}
		return n, err
	}
}

// fdWait is Wait, again and again in the model busy until there is something.
func fdWait(pd *PollDesc, side Side) error {
	for {
		err := pd.Wait(side, trace.WaitIORead)
		if err != nil || pd.sched.np.model != ioBusy {
			return err
		}
		fds := []unix.PollFd{{Fd: pd.fd, Events: unix.POLLIN}}
		if side == Writing {
			fds[0].Events = unix.POLLOUT
		}
		if n, err := unix.Poll(fds, 0); n != 0 || pd.flags.Load()&pdEager != 0 {
			return err
		}
	}
}

// idle empties pd, so that the next call parks.
func idle(t *testing.T, pd *PollDesc) {
	t.Helper()
	for _, side := range []Side{Reading, Writing} {
		pd.Arm(side)
	}
}

// spawn starts a coroutine if the caller is one, else a goroutine.
func spawn(f func()) {
	if Getg() != nil {
		Go(f)
	} else {
		go f()
	}
}

// awaitParked returns when a call waits on side.
func awaitParked(t *testing.T, pd *PollDesc, side Side) {
	t.Helper()
	eventually(t, "a call waits", func() bool { return pd.Parked(side) })
}

func now() time.Time { return time.Now() }

// settle takes the events of registration, which would end a Wait early. It
// makes one that comes after them and says both readable and writable.
func settle(t *testing.T, pd *PollDesc, peer int) {
	t.Helper()
	idle(t, pd)
	fdWrite(t, peer, "x")
	fdCheck(t, fdWait(pd, Reading)) // Writing's token is set first
	if n, err := unix.Read(int(pd.fd), make([]byte, 2)); n != 1 || err != nil {
		t.Fatalf("read: %d, %v", n, err)
	}
	idle(t, pd)
}

func TestFDWaitEndsWhenDataComes(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		buf := make([]byte, 16)
		for range 100 {
			spawn(func() { awaitParked(t, pd, Reading); fdWrite(t, peer, "ping") })
			if n, err := fdRead(pd, buf); n != 4 || err != nil {
				t.Fatalf("read: %d, %v", n, err)
			}
		}
		if n := pd.sched.netpollWaiters(); n != 0 {
			t.Errorf("%d waiters are left", n)
		}
	})
}

// The event may come at any moment of the read that precedes it: none may be
// lost. A lost one hangs the test.
func TestFDNoEventIsLostBetweenReadAndPark(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		const bytes = 20_000
		spawn(func() {
			for range bytes / 2 {
				fdWrite(t, peer, "ab")
				if Getg() != nil {
					Yield()
				}
			}
		})
		buf := make([]byte, 3)
		for got := 0; got < bytes; {
			n, err := fdRead(pd, buf)
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
	})
}

// The end of the stream is behind the last bytes already when they are read:
// no event will tell of it, so the read after them must not park.
func TestFDShortReadThenEndOfStreamDoesNotPark(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		fdWrite(t, peer, "bye")
		fdCheck(t, unix.Shutdown(peer, unix.SHUT_WR))
		np := &pd.sched.np
		edge := np.poller != nil && np.poller.Name() == "epoll" // others tell of it when they are asked
		eventually(t, "the end of the stream has made the descriptor eager", func() bool {
			return !edge || pd.flags.Load()&pdEager != 0
		})
		buf := make([]byte, 16)
		for i, want := range []int{3, 0, 0} {
			if n, err := fdRead(pd, buf); n != want || err != nil {
				t.Fatalf("read %d: %d, %v", i, n, err)
			}
		}
	})
}

func TestFDIdleAfterShortReadUntilMoreComes(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		if pd.flags.Load()&pdEager != 0 {
			t.Skip("this model says urgent of all data") // poll/uring_linux.go
		}
		if !pd.Idle(Reading) {
			t.Fatal("an empty descriptor is not idle")
		}
		fdWrite(t, peer, "x")
		if n, err := fdRead(pd, make([]byte, 2)); n != 1 || err != nil {
			t.Fatalf("read: %d, %v", n, err)
		}
		if !pd.Idle(Reading) {
			t.Fatal("an event that a read waited for has left its token behind")
		}
		if np := &pd.sched.np; np.poller == nil || np.poller.Name() != "epoll" {
			return // others bring no events but to those who wait
		}
		fdWrite(t, peer, "x")
		eventually(t, "a descriptor with data is not idle", func() bool {
			fdCheck(t, pd.Pause(Writing, trace.WaitIOWrite, int64(time.Millisecond)))
			return !pd.Idle(Reading)
		})
	})
}

// Who takes an event for a wait that has ended meanwhile must not keep it.
func TestFDEventOfAWaitThatHasEndedIsTheNextCalls(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		idle(t, pd)
		w := nativeWaiters.New().(*nativeWaiter)
		ticket := w.Begin()
		if parks, err := pd.publish(Reading, &w.Waiter, ticket, sideWaits, 0); !parks || err != nil {
			t.Fatalf("parks %t, %v", parks, err)
		}
		w.claim(ticket, fdTimeout)
		var list gList
		pd.sched.np.deliverAll(&list, []poll.Event{{Key: pd.key, Ready: poll.Readable}})
		if pd.Idle(Reading) {
			t.Error("the event was given to a wait that had ended")
		}
		if list.n != 0 || pd.Parked(Reading) {
			t.Error("a wait that had ended was ended")
		}
	})
}

// A coroutine that is unwound out of Wait never makes the system call that an
// event may have been given to it for.
func TestFDUnwoundWaitLeavesNothingIdle(t *testing.T) {
	var pd *PollDesc
	err := Run(func() {
		var peer int
		pd, peer = watchedPair(t, Current())
		settle(t, pd, peer)
		if pd.sched.np.model == ioBusy {
			return // there are no events
		}
		Go(func() {
			defer func() {
				if pd.flags.Load()&pdEager == 0 || pd.Idle(Reading) {
					t.Error("the next call would wait for an event that has been")
				}
			}()
			fdCheck(t, pd.Wait(Reading, trace.WaitIORead))
		})
		awaitParked(t, pd, Reading)
	}, Options{Procs: 1, NoDeadlock: true})
	fdCheck(t, err)
}

// A Starter's coroutine may begin by asking whether there is anything.
func TestFDEventForAStarterLeavesItsToken(t *testing.T) {
	err := Run(func() {
		pd, peer := watchedPair(t, Current())
		settle(t, pd, peer)
		if pd.sched.np.model != ioPolls {
			return // there a coroutine waits
		}
		started := make(chan bool, 1)
		var st Starter
		st.Init(Current(), func() { started <- pd.Idle(Reading) })
		if !pd.Watch(Reading, &st) {
			t.Fatal("an empty descriptor need not be waited for")
		}
		fdWrite(t, peer, "x")
		eventually(t, "it has started", func() bool { return len(started) == 1 })
		if <-started {
			t.Error("the coroutine that an event started finds nothing")
		}
	}, Options{Procs: 1, NoDeadlock: true})
	fdCheck(t, err)
}

func TestFDDisturbEndsWaitAndMakesEager(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		spawn(func() { awaitParked(t, pd, Reading); pd.Disturb() })
		fdCheck(t, fdWait(pd, Reading))
		idle(t, pd)
		if pd.Idle(Reading) {
			t.Error("idle after Disturb")
		}
	})
}

func TestFDDeadlineEndsWait(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		start := pd.sched.Now()
		pd.SetDeadline(Reading, start+int64(10*time.Millisecond))
		if err := fdWait(pd, Reading); err != os.ErrDeadlineExceeded {
			t.Fatal(err)
		}
		if took := pd.sched.Now() - start; took < int64(10*time.Millisecond) {
			t.Errorf("after %d ns", took)
		}
		if err := pd.Begin(Reading); err != os.ErrDeadlineExceeded {
			t.Errorf("Begin after the deadline: %v", err)
		}
		if err := pd.Begin(Writing); err != nil {
			t.Errorf("the other side: %v", err)
		}
	})
}

func TestFDDeadlineInThePastWakesAtOnce(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		pd.SetDeadline(Reading, pd.sched.Now()+int64(time.Hour))
		for range 50 {
			spawn(func() { awaitParked(t, pd, Reading); pd.SetDeadline(Reading, 1) })
			if err := fdWait(pd, Reading); err != os.ErrDeadlineExceeded {
				t.Fatal(err)
			}
			pd.SetDeadline(Reading, pd.sched.Now()+int64(time.Hour))
		}
	})
}

func TestFDDeadlineIsExtendedWhileParked(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		for d := int64(15 * time.Millisecond); ; d *= 2 {
			first := pd.sched.Now() + d
			second := first + 3*d
			moved := moveDeadline(pd, first, second, func() {})
			if err := fdWait(pd, Reading); err != os.ErrDeadlineExceeded {
				t.Fatal(err)
			}
			ended := pd.sched.Now()
			var early bool
			if Block(func() { early = !<-moved }); early {
				continue
			}
			if ended < second {
				t.Errorf("the first deadline ended the call, %v early", time.Duration(second-ended))
			}
			return
		}
	})
}

// moveDeadline sets the deadline first, in its place to once a call waits, and
// calls then. It tells whether first had not passed when to was set; else a test
// must try again with a later one.
func moveDeadline(pd *PollDesc, first, to int64, then func()) <-chan bool {
	moved := make(chan bool, 1)
	pd.SetDeadline(Reading, first)
	spawn(func() {
		for !pd.Parked(Reading) && pd.sched.Now() < first {
			Yield()
		}
		pd.SetDeadline(Reading, to)
		moved <- pd.sched.Now() < first
		then()
	})
	return moved
}

func TestFDDeadlineIsBroughtForwardWhileParked(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		s := pd.sched
		pd.SetDeadline(Reading, s.Now()+int64(time.Hour))
		spawn(func() { awaitParked(t, pd, Reading); pd.SetDeadline(Reading, s.Now()+int64(5*time.Millisecond)) })
		if err := fdWait(pd, Reading); err != os.ErrDeadlineExceeded {
			t.Fatal(err)
		}
	})
}

func TestFDClearedDeadlineDoesNotFire(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		s := pd.sched
		for d := int64(10 * time.Millisecond); ; d *= 2 {
			due, ended := s.Now()+d, make(chan bool)
			cleared := moveDeadline(pd, due, 0, func() {
				defer close(ended)
				for s.Now() < due+d {
					Block(func() { time.Sleep(time.Millisecond) })
				}
				fdWrite(t, peer, "x")
			})
			err := fdWait(pd, Reading)
			Block(func() { <-ended })
			if <-cleared {
				fdCheck(t, err)
				return
			}
			unix.Read(int(pd.fd), make([]byte, 1))
			settle(t, pd, peer)
		}
	})
}

// A deadline fires while another is set: whatever the order, a call under a far
// deadline must not fail, and one under a passed deadline must not hang.
func TestFDDeadlineFiresWhileAnotherIsSet(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		s := pd.sched
		for i := range 300 {
			pd.SetDeadline(Reading, s.Now()+int64(i%20)*5000)
			var extended atomic.Bool
			done := make(chan error, 1)
			spawn(func() {
				err := fdWait(pd, Reading)
				if err == os.ErrDeadlineExceeded && extended.Load() && pd.Begin(Reading) == nil {
					err = nil // it fired first
				}
				done <- err
			})
			for range i % 7 {
				Yield()
			}
			pd.SetDeadline(Reading, s.Now()+int64(time.Hour))
			extended.Store(true)
			pd.SetDeadline(Reading, s.Now()+1)
			var err error
			Block(func() { err = <-done })
			if err != nil && err != os.ErrDeadlineExceeded {
				t.Fatal(err)
			}
		}
	})
}

func TestFDDeadlinesOfTheSidesAreSeparate(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		pd.SetDeadline(Writing, 1)
		spawn(func() { awaitParked(t, pd, Reading); fdWrite(t, peer, "x") })
		fdCheck(t, fdWait(pd, Reading))
		idle(t, pd) // the event said writable, too
		if err := fdWait(pd, Writing); err != os.ErrDeadlineExceeded {
			t.Fatal(err)
		}
	})
}

func TestFDEvictEndsBothSides(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		for err := error(nil); err == nil; { // no room: a write waits, too
			_, err = unix.Write(int(pd.fd), make([]byte, 64<<10))
		}
		idle(t, pd)
		done := make(chan error, 2)
		for _, side := range []Side{Reading, Writing} {
			spawn(func() { done <- fdWait(pd, side) })
			awaitParked(t, pd, side)
		}
		pd.Evict()
		Block(func() {
			for range 2 {
				if err := <-done; err != ErrFDClosed {
					t.Error(err)
				}
			}
		})
		if err := pd.Begin(Reading); err != ErrFDClosed {
			t.Errorf("Begin: %v", err)
		}
		if err := fdWait(pd, Writing); err != ErrFDClosed {
			t.Errorf("Wait: %v", err)
		}
		if n := pd.sched.netpollWaiters(); n != 0 {
			t.Errorf("%d waiters are left", n)
		}
	})
}

func TestFDPauseIgnoresEvents(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		spawn(func() { awaitParked(t, pd, Reading); fdWrite(t, peer, "x") })
		start := pd.sched.Now()
		fdCheck(t, pd.Pause(Reading, trace.WaitIORead, int64(20*time.Millisecond)))
		if took := pd.sched.Now() - start; took < int64(20*time.Millisecond) {
			t.Errorf("paused for %v", time.Duration(took))
		}
		fdCheck(t, fdWait(pd, Reading)) // the event is not lost
	})
}

func TestFDPauseEndsByDeadlineAndEvict(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		settle(t, pd, peer)
		pd.SetDeadline(Reading, pd.sched.Now()+int64(time.Millisecond))
		if err := pd.Pause(Reading, trace.WaitIORead, int64(time.Hour)); err != os.ErrDeadlineExceeded {
			t.Fatal(err)
		}
		pd.SetDeadline(Reading, 0)
		spawn(func() { awaitParked(t, pd, Reading); pd.Evict() })
		if err := pd.Pause(Reading, trace.WaitIORead, int64(time.Hour)); err != ErrFDClosed {
			t.Fatal(err)
		}
	})
}

func TestFDStaleEventIsDropped(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		s := pd.sched
		stale, _ := watchedPair(t, s)
		key := stale.key
		stale.Evict()
		s.np.remove(stale)
		fresh, freshPeer := watchedPair(t, s)
		settle(t, fresh, freshPeer)
		if fresh.key == key || uint32(fresh.key) != uint32(key) {
			t.Fatalf("keys %x and %x: the slot is not reused, or its generation is", key, fresh.key)
		}
		var list gList
		s.np.deliver(&list, poll.Event{Key: key, Ready: poll.Readable | poll.Hangup})
		if fresh.sides[Reading].state.Load()&sideToken != 0 {
			t.Error("a stale event reached the slot's new owner")
		}
		s.np.insert(stale) // for its cleanup
	})
}

func TestFDSlotsAreRecycled(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		s := pd.sched
		used := s.np.used
		for range 3 * pollSegmentSize {
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			fdCheck(t, err)
			pd, err := s.OpenFD(fds[0])
			fdCheck(t, err)
			pd.Evict()
			pd.Close()
			unix.Close(fds[0])
			unix.Close(fds[1])
		}
		if s.np.used > used+1 {
			t.Errorf("%d slots for one descriptor", s.np.used-used)
		}
	})
}

func TestFDManySlots(t *testing.T) {
	err := Run(func() {
		s := Current()
		for range pollSegmentSize + 10 {
			pd, peer := watchedPair(t, s)
			fdWrite(t, peer, "x")
			if n, err := fdRead(pd, make([]byte, 4)); n != 1 || err != nil {
				t.Fatalf("read: %d, %v", n, err)
			}
		}
	}, Options{NoDeadlock: true})
	fdCheck(t, err)
}

func TestFDEndOfRuntimeFailsGoroutines(t *testing.T) {
	done := make(chan error, 1)
	var pd *PollDesc
	err := Run(func() {
		var peer int
		pd, peer = watchedPair(t, Current())
		settle(t, pd, peer)
		go func() { done <- fdWait(pd, Reading) }()
		awaitParked(t, pd, Reading)
	}, Options{NoDeadlock: true})
	fdCheck(t, err)
	if err := <-done; err != ErrRuntimeEnded {
		t.Errorf("the call in progress: %v", err)
	}
	if err := pd.Begin(Writing); err != ErrRuntimeEnded {
		t.Errorf("a later call: %v", err)
	}
	if _, err := pd.sched.OpenFD(0); err != ErrRuntimeEnded {
		t.Errorf("OpenFD: %v", err)
	}
}

func TestFDUnwoundCoroutineLeavesNoWaiter(t *testing.T) {
	var s *Sched
	var pd *PollDesc
	unwound := false
	err := Run(func() {
		s = Current()
		var peer int
		pd, peer = watchedPair(t, s)
		settle(t, pd, peer)
		Go(func() {
			defer func() { unwound = true }()
			defer fdWait(pd, Reading) // waits again, to no avail
			fdWait(pd, Reading)
			t.Error("Wait returned at the end of the runtime")
		})
		awaitParked(t, pd, Reading)
	}, Options{NoDeadlock: true})
	fdCheck(t, err)
	if n := s.netpollWaiters(); n != 0 || !unwound {
		t.Errorf("%d waiters are left; unwound: %v", n, unwound)
	}
}

func TestFDBadModelIsReportedByEachOpen(t *testing.T) {
	err := Run(func() {
		for range 2 {
			if _, err := Current().OpenFD(0); err == nil || !strings.Contains(err.Error(), "no-such-model") {
				t.Errorf("OpenFD: %v", err)
			}
		}
	}, Options{IO: "no-such-model"})
	fdCheck(t, err)
}

func TestFDThatCannotBeWatchedIsAnError(t *testing.T) {
	err := Run(func() {
		s := Current()
		f, err := os.CreateTemp(t.TempDir(), "")
		fdCheck(t, err)
		defer f.Close()
		if _, err := s.OpenFD(int(f.Fd())); err == nil {
			t.Error("a regular file was accepted")
		}
		if _, err := s.OpenFD(-1); err == nil {
			t.Error("-1 was accepted")
		}
		if len(s.np.free) != int(s.np.used) {
			t.Errorf("%d slots are used, %d free", s.np.used, len(s.np.free))
		}
	}, Options{})
	fdCheck(t, err)
}

func TestDeadlineTimesFollowTheRuntimesClock(t *testing.T) {
	s := Default()
	for _, d := range []time.Duration{-time.Hour, -time.Millisecond, time.Millisecond, time.Hour} {
		for _, what := range []string{"monotonic", "wall"} {
			begin, base := s.Now(), now()
			if what == "wall" {
				base = base.Round(0) // without a monotonic reading
			}
			got := s.When(base.Add(d))
			end := s.Now() // the machine may have stood still since begin
			if low, high := max(begin+int64(d), 1), max(end+int64(d), 1); got < low-int64(time.Second) || got > high+int64(time.Second) {
				t.Errorf("%s now%+v is %d, not between %d and %d", what, d, got, low, high)
			}
		}
	}
	if w := s.When(time.Unix(1, 0)); w != 1 {
		t.Errorf("long ago is %d", w)
	}
}

// The coarse clock may make a passed deadline look far only for its tick.
func TestCoarseClockIsNeverAhead(t *testing.T) {
	s := Default()
	var c coarse
	for range 1000 {
		if got, now := c.read(s), s.Now(); got > now {
			t.Fatalf("%d is ahead of %d", got, now)
		}
	}
	for c.now.Load() != 0 {
		time.Sleep(coarseTick / 4) // stops when nobody reads it
	}
	before := s.Now()
	if got := c.read(s); got < before {
		t.Errorf("began again %v in the past", time.Duration(before-got))
	}
}
