//go:build linux || darwin

package poll_test

import (
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/poll/polltest"
)

func TestPoll(t *testing.T) {
	polltest.Test(t, func() (poll.Poller, error) { return poll.New("poll") })
}

func TestSelect(t *testing.T) {
	polltest.Test(t, func() (poll.Poller, error) { return poll.New("select") })
}

// levels runs f on each level-triggered poller with a socket, registered with
// the key 7, and its peer.
func levels(t *testing.T, f func(t *testing.T, p poll.Poller, fd, peer int)) {
	for _, model := range []string{"poll", "select"} {
		t.Run(model, func(t *testing.T) {
			p, err := poll.New(model)
			check(t, err)
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			check(t, err)
			t.Cleanup(func() {
				p.Close()
				unix.Close(fds[0])
				unix.Close(fds[1])
			})
			check(t, p.Add(fds[0], 7))
			f(t, p, fds[0], fds[1])
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expect calls Wait, without blocking, and wants one event, or none if r is 0.
func expect(t *testing.T, p poll.Poller, r poll.Ready) {
	t.Helper()
	events := make([]poll.Event, 4)
	n, err := p.Wait(events, 0)
	check(t, err)
	if n > 1 || n == 1 && events[0] != (poll.Event{Key: 7, Ready: r}) || n == 0 && r != 0 {
		t.Fatalf("%v, want one of %v", events[:n], r)
	}
}

func send(t *testing.T, fd int) {
	t.Helper()
	_, err := unix.Write(fd, []byte("x"))
	check(t, err)
}

func TestLevelReportsWhatWasDeclaredOnce(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		send(t, peer)
		expect(t, p, 0) // readable and writable, but nobody asked
		check(t, p.Modify(fd, 7, poll.Readable))
		expect(t, p, poll.Readable)
		expect(t, p, 0)
		check(t, p.Modify(fd, 7, poll.Readable))
		check(t, p.Modify(fd, 7, poll.Writable))
		expect(t, p, poll.Readable|poll.Writable) // still
		expect(t, p, 0)
	})
}

func TestLevelEndOfEverythingIsSaidOnceToWhoAsked(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		check(t, unix.Shutdown(peer, unix.SHUT_RDWR))
		expect(t, p, 0)
		check(t, p.Modify(fd, 7, poll.Readable|poll.Urgent))
		events := make([]poll.Event, 4)
		if n, err := p.Wait(events, 0); n != 1 || events[0].Ready&poll.Readable == 0 {
			t.Fatalf("%v, %v", events[:n], err)
		}
		expect(t, p, 0)
	})
}

func TestLevelClosedDescriptorIsFailedOnce(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		lost, err := unix.Dup(fd)
		check(t, err)
		check(t, p.Remove(fd))
		check(t, p.Add(lost, 7))
		check(t, p.Modify(lost, 7, poll.Readable))
		unix.Close(lost)
		expect(t, p, poll.Failed|poll.Readable|poll.Writable)
		expect(t, p, 0)
		check(t, p.Remove(lost))
		if again := dupTo(t, fd, lost); again != lost {
			t.Fatalf("%d has become %d", lost, again)
		}
		check(t, p.Add(lost, 7))
		check(t, p.Modify(lost, 7, poll.Writable))
		expect(t, p, poll.Writable)
	})
}

func TestLevelModifyWithAnotherKeyFails(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		send(t, peer)
		if err := p.Modify(fd, 8, poll.Readable); err == nil {
			t.Error("no error")
		}
		expect(t, p, 0)
		check(t, p.Remove(fd))
		if err := p.Modify(fd, 7, poll.Readable); err == nil {
			t.Error("no error after Remove")
		}
	})
}

// dupTo gives fd the first free number from least on.
func dupTo(t *testing.T, fd, least int) int {
	t.Helper()
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, least)
	if err != nil {
		t.Skipf("this process may not have descriptor %d: %v", least, err)
	}
	t.Cleanup(func() { unix.Close(high) })
	return high
}

func TestSelectRefusesDescriptorsPastFDSETSIZE(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		send(t, peer)
		check(t, p.Remove(fd))
		high := dupTo(t, fd, unix.FD_SETSIZE)
		err := p.Add(high, 7)
		if p.Name() == "select" {
			for _, word := range []string{"select", "FD_SETSIZE", "1024", "poll", "epoll"} {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("%v does not say %q", err, word)
				}
			}
			if temporary, ok := err.(interface{ Temporary() bool }); !ok || !temporary.Temporary() {
				t.Error("a server would take it for its end")
			}
			high = dupTo(t, fd, unix.FD_SETSIZE-1) // the last that it takes
			err = p.Add(high, 7)
		}
		check(t, err)
		check(t, p.Modify(high, 7, poll.Readable))
		expect(t, p, poll.Readable)
	})
}

// What ended a call, a Wake, a descriptor armed or removed, must not end the
// next one: that would be a busy wait that nobody sees but the processor.
func TestLevelDoesNotSpin(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		events := make([]poll.Event, 4)
		send(t, peer)
		check(t, p.Add(dupTo(t, peer, fd+1), 8)) // so that fd isn't the last of the set
		for round := range 50 {
			done := make(chan bool)
			go func() {
				defer close(done)
				for n, err := 1, error(nil); n > 0 && err == nil; {
					n, err = p.Wait(events, -1)
				}
			}()
			for range 20 * round { // to meet Wait at each of its moments
				runtime.Gosched()
			}
			check(t, p.Modify(fd, 7, poll.Readable))
			check(t, p.Remove(fd))
			check(t, p.Add(fd, 7))
			check(t, p.Wake())
			<-done
		}
		check(t, p.Modify(fd, 7, poll.Readable))
		check(t, p.Remove(fd)) // while it is ready
		before := poll.Calls(p)
		if n, err := p.Wait(events, 20e6); n != 0 || err != nil {
			t.Fatalf("Wait: %d, %v", n, err)
		}
		if calls := poll.Calls(p) - before; calls > 10 {
			t.Errorf("%d calls in 20 ms of silence", calls)
		}
	})
}

func TestLevelTakesDescriptorsFarApart(t *testing.T) {
	levels(t, func(t *testing.T, p poll.Poller, fd, peer int) {
		send(t, peer)
		high := dupTo(t, fd, 900)
		check(t, p.Remove(fd))
		check(t, p.Add(high, 7))
		expect(t, p, 0)
		check(t, p.Modify(high, 7, poll.Readable))
		expect(t, p, poll.Readable)
		check(t, p.Remove(high))
		expect(t, p, 0)
	})
}
