//go:build unix

// Package polltest holds what every poll.Poller must do, as one suite.
package polltest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
)

// A case is one thing that a Poller must do.
var cases = []struct {
	name string
	run  func(t *testing.T, p poll.Poller)
}{
	{"DataMakesReadable", dataMakesReadable},
	{"DataBeforeAddIsReported", dataBeforeAddIsReported},
	{"RoomMakesWritable", roomMakesWritable},
	{"WritableAgainAfterFull", writableAgainAfterFull},
	{"ReadinessIsReportedOnce", readinessIsReportedOnce},
	{"NewDataIsReportedAgain", newDataIsReportedAgain},
	{"HalfCloseIsHangup", halfCloseIsHangup},
	{"PeerCloseIsHangup", peerCloseIsHangup},
	{"EndOfPipeIsReadable", endOfPipeIsReadable},
	{"ResetIsReported", resetIsReported},
	{"UrgentDataIsReported", urgentDataIsReported},
	{"ListenerBecomesReadable", listenerBecomesReadable},
	{"WakeEndsBlockedWait", wakeEndsBlockedWait},
	{"WakeBeforeWaitCounts", wakeBeforeWaitCounts},
	{"WakesAreCoalesced", wakesAreCoalesced},
	{"NonBlockingWaitLeavesWake", nonBlockingWaitLeavesWake},
	{"WakeHammer", wakeHammer},
	{"WakeDoesNotHideEvents", wakeDoesNotHideEvents},
	{"EventsDoNotHideWake", eventsDoNotHideWake},
	{"TimeoutIsLowerBound", timeoutIsLowerBound},
	{"ZeroTimeoutDoesNotBlock", zeroTimeoutDoesNotBlock},
	{"RemovedIsSilent", removedIsSilent},
	{"ReusedNumberHasNewKey", reusedNumberHasNewKey},
	{"AddWhileWaiting", addWhileWaiting},
	{"ArmWhileWaiting", armWhileWaiting},
	{"SidesAreForgottenSeparately", sidesAreForgottenSeparately},
	{"ClosedDescriptorDoesNotFailWait", closedDescriptorDoesNotFailWait},
	{"RemoveWhileWaitingLetsGo", removeWhileWaitingLetsGo},
	{"RemoveWhileWaitingFreesPort", removeWhileWaitingFreesPort},
	{"BusyDescriptorsDoNotStarveOthers", busyDescriptorsDoNotStarveOthers},
	{"WaitDoesNotAllocate", waitDoesNotAllocate},
	{"MoreReadyThanRoomForEvents", moreReadyThanRoomForEvents},
	{"ManyDescriptors", manyDescriptors},
	{"KeyComesBackWhole", keyComesBackWhole},
	{"AddTwiceIsErrExist", addTwiceIsErrExist},
	{"AddBadDescriptorFails", addBadDescriptorFails},
	{"AlwaysReadyFileIsErrPermission", alwaysReadyFileIsErrPermission},
	{"RemoveUnknownIsErrNotExist", removeUnknownIsErrNotExist},
	{"RemoveClosedDescriptorFails", removeClosedDescriptorFails},
	{"CloseEndsBlockedWait", closeEndsBlockedWait},
	{"ClosedPollerRefusesAll", closedPollerRefusesAll},
	{"CloseLeavesDescriptorsOpen", closeLeavesDescriptorsOpen},
	{"WakeRacesClose", wakeRacesClose},
}

// Test runs the suite on pollers made by open.
func Test(t *testing.T, open func() (poll.Poller, error)) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			c.run(t, p)
		})
	}
}

const second = int64(time.Second)

// patience is how long a test waits for what must come. It is only there to end
// a test that hangs.
const patience = 240 * second

// pair returns two connected non-blocking stream sockets.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds[0], fds[1]
}

// listener returns a listening TCP socket of the loopback and its address.
func listener(t *testing.T) (int, unix.Sockaddr) {
	t.Helper()
	l := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
	t.Cleanup(func() { unix.Close(l) })
	check(t, unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, unix.Listen(l, 16))
	check(t, unix.SetNonblock(l, true))
	return l, must(unix.Getsockname(l))(t)
}

// tcpPair returns two connected TCP sockets, the second one blocking.
func tcpPair(t *testing.T) (a, b int) {
	t.Helper()
	l, addr := listener(t)
	b = must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
	t.Cleanup(func() { unix.Close(b) })
	check(t, unix.Connect(b, addr))
	check(t, unix.SetNonblock(l, false))
	a, _, err := unix.Accept(l)
	check(t, err)
	t.Cleanup(func() { unix.Close(a) })
	check(t, unix.SetNonblock(a, true))
	return a, b
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func write(t *testing.T, fd int, s string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(s)); n != len(s) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

// drain reads fd until it would block or ends.
func drain(t *testing.T, fd int) (total int) {
	t.Helper()
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return total
		}
		total += n
	}
}

// fill writes to fd until it would block.
func fill(t *testing.T, fd int) {
	t.Helper()
	buf := make([]byte, 64<<10)
	for {
		if _, err := unix.Write(fd, buf); err == unix.EAGAIN {
			return
		} else if err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// until waits for an event of key that has all of want, and passes over others.
func until(t *testing.T, p poll.Poller, key poll.Key, want poll.Ready) {
	t.Helper()
	events := make([]poll.Event, 16)
	for deadline := time.Now().Add(time.Duration(patience)); time.Now().Before(deadline); {
		n, err := p.Wait(events, second)
		check(t, err)
		for _, ev := range events[:n] {
			if ev.Key == key && ev.Ready&want == want {
				return
			}
		}
	}
	t.Fatalf("no event says that %d is %v", key, want)
}

// never fails if an event of key is there and says any of unwanted.
func never(t *testing.T, p poll.Poller, key poll.Key, unwanted poll.Ready) {
	t.Helper()
	events := make([]poll.Event, 16)
	n, err := p.Wait(events, 0)
	check(t, err)
	for _, ev := range events[:n] {
		if ev.Key == key && ev.Ready&unwanted != 0 {
			t.Fatalf("%d is %v", key, ev.Ready)
		}
	}
}

// told returns what p can tell of r.
func told(p poll.Poller, r poll.Ready) poll.Ready {
	switch {
	case p.Name() == "select":
		return r &^ (poll.Hangup | poll.Failed)
	case runtime.GOOS != "linux": // half a hangup is only told of there
		return r &^ poll.Hangup
	}
	return r
}

func dataMakesReadable(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	never(t, p, 7, poll.Readable)
	write(t, b, "x")
	until(t, p, 7, poll.Readable)
}

func dataBeforeAddIsReported(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	write(t, b, "x")
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	until(t, p, 7, poll.Readable)
}

func roomMakesWritable(t *testing.T, p poll.Poller) {
	a, _ := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Writable))
	until(t, p, 7, poll.Writable)
}

func writableAgainAfterFull(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	fill(t, a)
	drainEvents(t, p)
	check(t, p.Modify(a, 7, poll.Writable))
	never(t, p, 7, poll.Writable)
	drain(t, b)
	until(t, p, 7, poll.Writable)
}

func drainEvents(t *testing.T, p poll.Poller) {
	t.Helper()
	events := make([]poll.Event, 16)
	for n := 1; n > 0; {
		var err error
		n, err = p.Wait(events, 0)
		check(t, err)
	}
}

func readinessIsReportedOnce(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	write(t, b, "x")
	check(t, p.Modify(a, 7, poll.Readable))
	until(t, p, 7, poll.Readable)
	never(t, p, 7, poll.Readable)
}

func newDataIsReportedAgain(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	for range 100 {
		write(t, b, "x")
		check(t, p.Modify(a, 7, poll.Readable))
		until(t, p, 7, poll.Readable)
		if n := drain(t, a); n != 1 {
			t.Fatalf("read %d bytes", n)
		}
	}
}

func halfCloseIsHangup(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	check(t, unix.Shutdown(b, unix.SHUT_WR))
	until(t, p, 7, told(p, poll.Hangup|poll.Readable))
}

func peerCloseIsHangup(t *testing.T, p poll.Poller) {
	a, b := tcpPair(t)
	check(t, p.Add(a, 7))
	write(t, b, "last words")
	check(t, unix.Shutdown(b, unix.SHUT_RDWR))
	check(t, p.Modify(a, 7, poll.Readable))
	until(t, p, 7, told(p, poll.Hangup|poll.Readable))
	if n := drain(t, a); n != len("last words") {
		t.Fatalf("read %d bytes before the end", n)
	}
}

// endOfPipeIsReadable: systems say nothing but "hung up" of it.
func endOfPipeIsReadable(t *testing.T, p poll.Poller) {
	var fds [2]int
	check(t, unix.Pipe(fds[:]))
	defer unix.Close(fds[0])
	check(t, p.Add(fds[0], 7))
	check(t, p.Modify(fds[0], 7, poll.Readable))
	never(t, p, 7, poll.Readable)
	unix.Close(fds[1])
	until(t, p, 7, told(p, poll.Hangup|poll.Readable))
}

func resetIsReported(t *testing.T, p poll.Poller) {
	a, b := tcpPair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	write(t, a, "never read, so that closing b resets")
	other := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
	defer unix.Close(other)
	check(t, unix.Dup2(other, b)) // closes the peer; its number stays the test's
	until(t, p, 7, told(p, poll.Readable|poll.Failed))
}

func urgentDataIsReported(t *testing.T, p poll.Poller) {
	a, b := tcpPair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable|poll.Urgent))
	check(t, unix.Sendto(b, []byte("!"), unix.MSG_OOB, nil))
	until(t, p, 7, poll.Urgent)
	check(t, p.Modify(a, 7, poll.Readable))
	write(t, b, "behind the mark")
	until(t, p, 7, poll.Readable)
}

func listenerBecomesReadable(t *testing.T, p poll.Poller) {
	l, addr := listener(t)
	check(t, p.Add(l, 7))
	check(t, p.Modify(l, 7, poll.Readable))
	never(t, p, 7, poll.Readable)
	c := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
	defer unix.Close(c)
	check(t, unix.Connect(c, addr))
	until(t, p, 7, poll.Readable)
}

func wakeEndsBlockedWait(t *testing.T, p poll.Poller) {
	for round := range 50 {
		done := make(chan error)
		go func() {
			_, err := p.Wait(make([]poll.Event, 4), -1)
			done <- err
		}()
		dally(round)
		check(t, p.Wake())
		check(t, <-done)
	}
}

func wakeBeforeWaitCounts(t *testing.T, p poll.Poller) {
	check(t, p.Wake())
	n, err := p.Wait(make([]poll.Event, 4), -1)
	if n != 0 || err != nil {
		t.Fatalf("Wait: %d, %v", n, err)
	}
}

func wakesAreCoalesced(t *testing.T, p poll.Poller) {
	for range 1000 {
		check(t, p.Wake())
	}
	if _, err := p.Wait(make([]poll.Event, 4), -1); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	const timeout = 20 * time.Millisecond
	if _, err := p.Wait(make([]poll.Event, 4), int64(timeout)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < timeout {
		t.Fatalf("1000 Wakes ended a second Wait, after %v", took)
	}
}

func nonBlockingWaitLeavesWake(t *testing.T, p poll.Poller) {
	check(t, p.Wake())
	for range 3 {
		if n, err := p.Wait(make([]poll.Event, 4), 0); n != 0 || err != nil {
			t.Fatalf("Wait: %d, %v", n, err)
		}
	}
	if _, err := p.Wait(make([]poll.Event, 4), -1); err != nil {
		t.Fatal(err)
	}
}

// wakeHammer: after each change of a counter comes a Wake, so a waiter that
// looks at the counter after each Wait must see its last value in the end.
func wakeHammer(t *testing.T, p poll.Poller) {
	const wakers, each = 4, 2000
	var count atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait() // before the poller is closed
	for range wakers {
		wg.Go(func() {
			for range each {
				count.Add(1)
				if err := p.Wake(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	events := make([]poll.Event, 4)
	for i := 0; count.Load() < wakers*each; i++ {
		timeout := int64(-1)
		if i%3 == 0 {
			timeout = 0
		}
		if _, err := p.Wait(events, timeout); err != nil {
			t.Fatal(err)
		}
	}
}

func wakeDoesNotHideEvents(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	write(t, b, "x")
	check(t, p.Wake())
	events := make([]poll.Event, 1) // no room for both at once
	for range 10 {
		n, err := p.Wait(events, patience)
		check(t, err)
		if n == 1 && events[0].Key == 7 && events[0].Ready&poll.Readable != 0 {
			return
		}
	}
	t.Fatal("the event is lost")
}

// eventsDoNotHideWake: who loops over Wait while it has events must still see
// the Wake, as a Wait that returns none.
func eventsDoNotHideWake(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	write(t, b, "x")
	check(t, p.Wake())
	events := make([]poll.Event, 16)
	for n := 1; n > 0; {
		var err error
		n, err = p.Wait(events, -1)
		check(t, err)
	}
}

func timeoutIsLowerBound(t *testing.T, p poll.Poller) {
	for _, d := range []time.Duration{1, 50 * time.Microsecond, 1500 * time.Microsecond, 20 * time.Millisecond} {
		start := time.Now()
		n, err := p.Wait(make([]poll.Event, 4), int64(d))
		if n != 0 || err != nil {
			t.Fatalf("Wait: %d, %v", n, err)
		}
		if took := time.Since(start); took < d {
			t.Fatalf("Wait(%v) returned after %v", d, took)
		}
	}
}

func zeroTimeoutDoesNotBlock(t *testing.T, p poll.Poller) {
	if n, err := p.Wait(make([]poll.Event, 4), 0); n != 0 || err != nil {
		t.Fatalf("Wait: %d, %v", n, err)
	}
}

func removedIsSilent(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable|poll.Writable))
	write(t, b, "x")
	check(t, p.Remove(a)) // while it is ready
	never(t, p, 7, ^poll.Ready(0))
	write(t, b, "x")
	never(t, p, 7, ^poll.Ready(0))
	check(t, p.Add(a, 8))
	check(t, p.Modify(a, 8, poll.Readable))
	until(t, p, 8, poll.Readable)
}

func reusedNumberHasNewKey(t *testing.T, p poll.Poller) {
	for gen := poll.Key(1); gen < 100; gen++ {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		key := gen<<32 | 5
		check(t, p.Add(fds[0], key))
		check(t, p.Modify(fds[0], key, poll.Readable))
		write(t, fds[1], "x")
		until(t, p, key, poll.Readable)
		write(t, fds[1], "y") // an event that nobody takes
		check(t, p.Remove(fds[0]))
		unix.Close(fds[0])
		unix.Close(fds[1])
	}
}

func addWhileWaiting(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	write(t, b, "x")
	done := make(chan bool)
	go func() {
		events := make([]poll.Event, 4)
		for {
			n, err := p.Wait(events, patience)
			if n > 0 && events[0].Key == 7 && events[0].Ready&poll.Readable != 0 || err != nil {
				done <- err == nil
				return
			}
		}
	}()
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	if !<-done {
		t.Fatal("Wait failed")
	}
}

// armWhileWaiting declares while another thread is in Wait, or about to be: it
// must be told all the same. What is ready was so before.
func armWhileWaiting(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	fill(t, a)
	drainEvents(t, p)
	got := make(chan poll.Ready)
	go func() {
		events := make([]poll.Event, 4)
		for {
			n, err := p.Wait(events, patience)
			if err == poll.ErrClosed {
				return
			}
			if n == 0 || err != nil {
				t.Errorf("Wait: %d, %v", n, err)
			}
			for _, ev := range events[:n] {
				if r := ev.Ready & (poll.Readable | poll.Writable); r != 0 {
					got <- r
				}
			}
		}
	}()
	defer p.Close()
	for i := range 200 {
		want := poll.Readable
		if i%2 == 0 {
			write(t, b, "x")
		} else {
			want = poll.Writable
			drain(t, b)
		}
		check(t, p.Modify(a, 7, want))
		for r := <-got; r&want == 0; {
			r = <-got
		}
		if want == poll.Readable {
			drain(t, a)
		} else {
			fill(t, a)
		}
	}
}

// sidesAreForgottenSeparately: one that waits to write must not be forgotten
// because the other side was told that it can read.
func sidesAreForgottenSeparately(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	fill(t, a)
	drainEvents(t, p)
	check(t, p.Modify(a, 7, poll.Writable))
	check(t, p.Modify(a, 7, poll.Readable))
	write(t, b, "x")
	until(t, p, 7, poll.Readable)
	drain(t, a)
	drain(t, b)
	until(t, p, 7, poll.Writable)
}

// closedDescriptorDoesNotFailWait: a mistake with one descriptor must not be
// the others' end.
func closedDescriptorDoesNotFailWait(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	lost := must(unix.Dup(a))(t)
	check(t, p.Add(lost, 6))
	check(t, p.Modify(lost, 6, poll.Readable))
	check(t, p.Add(a, 7))
	check(t, p.Modify(a, 7, poll.Readable))
	unix.Close(lost)
	for range 10 {
		never(t, p, 7, poll.Readable)
	}
	write(t, b, "x")
	until(t, p, 7, poll.Readable)
	start := time.Now()
	const timeout = 5 * time.Millisecond
	if n, err := p.Wait(make([]poll.Event, 4), int64(timeout)); n != 0 || err != nil {
		t.Fatalf("Wait: %d, %v", n, err)
	} else if took := time.Since(start); took < timeout {
		t.Fatalf("Wait ended after %v", took)
	}
}

// waitOn has another goroutine wait until p is closed, whatever comes.
func waitOn(t *testing.T, p poll.Poller) {
	go func() {
		events := make([]poll.Event, 4)
		for {
			if _, err := p.Wait(events, -1); err == poll.ErrClosed {
				return
			} else if err != nil {
				t.Errorf("Wait: %v", err)
				return
			}
		}
	}()
}

// dally gives other threads more time in each round of a test that wants to meet
// them at every moment of theirs.
func dally(round int) {
	for range 20 * round {
		runtime.Gosched()
	}
}

// removeWhileWaitingLetsGo: a descriptor that is closed after Remove is closed
// at once, though another thread is in Wait.
func removeWhileWaitingLetsGo(t *testing.T, p poll.Poller) {
	waitOn(t, p)
	defer p.Close()
	for round := range 100 {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		check(t, p.Add(fds[0], 7))
		check(t, p.Modify(fds[0], 7, poll.Readable))
		dally(round)
		check(t, p.Remove(fds[0]))
		unix.Close(fds[0])
		check(t, unix.SetNonblock(fds[1], true))
		n, err := unix.Read(fds[1], make([]byte, 1))
		unix.Close(fds[1])
		if n != 0 || err != nil {
			t.Fatalf("the peer of a closed socket reads %d, %v", n, err)
		}
	}
}

// ownAddress is an address of this machine that only this process uses, where
// there is more than one: so nobody else takes a port that is free for a moment.
func ownAddress() [4]byte {
	if runtime.GOOS != "linux" {
		return [4]byte{127, 0, 0, 1}
	}
	pid := os.Getpid()
	return [4]byte{127, byte(1 + pid>>16&0x7f), byte(pid >> 8), byte(1 + pid&0x7f)}
}

func removeWhileWaitingFreesPort(t *testing.T, p poll.Poller) {
	waitOn(t, p)
	defer p.Close()
	var addr unix.Sockaddr = &unix.SockaddrInet4{Addr: ownAddress()}
	for round := range 100 {
		l := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
		check(t, unix.SetsockoptInt(l, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
		check(t, unix.Bind(l, addr))
		check(t, unix.Listen(l, 16))
		addr = must(unix.Getsockname(l))(t)
		check(t, p.Add(l, 7))
		check(t, p.Modify(l, 7, poll.Readable))
		dally(round)
		check(t, p.Remove(l))
		unix.Close(l)
	}
}

// busyDescriptorsDoNotStarveOthers: some are ready again at once, whenever they
// have been reported, and Wait has room for only one. Each must have its turn.
func busyDescriptorsDoNotStarveOthers(t *testing.T, p poll.Poller) {
	const count = 5
	var fds, peers [count]int
	for i := range fds {
		fds[i], peers[i] = pair(t)
		check(t, p.Add(fds[i], poll.Key(i)))
		check(t, p.Modify(fds[i], poll.Key(i), poll.Readable))
		write(t, peers[i], "x")
	}
	var seen [count]int
	events := make([]poll.Event, 1)
	for range 20 * count {
		n, err := p.Wait(events, patience)
		check(t, err)
		if n == 0 {
			t.Fatalf("nothing for minutes, though all are ready: %v", seen)
		}
		if events[0].Ready&poll.Readable == 0 {
			continue
		}
		i := events[0].Key
		seen[i]++
		drain(t, fds[i])
		write(t, peers[i], "x")
		check(t, p.Modify(fds[i], i, poll.Readable))
	}
	for i, n := range seen {
		if n < 5 {
			t.Errorf("%d was reported %d times: %v", i, n, seen)
		}
	}
}

func waitDoesNotAllocate(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	events := make([]poll.Event, 4)
	buf := []byte("x")
	allocs := testing.AllocsPerRun(100, func() {
		unix.Write(b, buf)
		p.Modify(a, 7, poll.Readable)
		p.Wait(events, second)
		unix.Read(a, buf)
		p.Wait(events, 0)
		p.Wake()
		p.Wait(events, -1)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func moreReadyThanRoomForEvents(t *testing.T, p poll.Poller) {
	const count = 40
	seen := make(map[poll.Key]bool)
	for i := range poll.Key(count) {
		a, b := pair(t)
		check(t, p.Add(a, i))
		write(t, b, "x")
		check(t, p.Modify(a, i, poll.Readable))
	}
	events := make([]poll.Event, 3)
	for len(seen) < count {
		n, err := p.Wait(events, patience)
		check(t, err)
		if n == 0 {
			t.Fatalf("%d of %d were reported", len(seen), count)
		}
		for _, ev := range events[:n] {
			if ev.Ready&poll.Readable != 0 {
				seen[ev.Key] = true
			}
		}
	}
}

// manyDescriptors registers as many sockets as the limit allows, up to 4,000
// and as select can take.
func manyDescriptors(t *testing.T, p poll.Poller) {
	var lim unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &lim))
	count := int(min(4000, lim.Cur-100)) / 2
	if p.Name() == "select" {
		count = min(count, (unix.FD_SETSIZE-100)/2)
	}
	peers := make([]int, count)
	for i := range count {
		a, b := pair(t)
		peers[i] = b
		check(t, p.Add(a, poll.Key(i)))
		check(t, p.Modify(a, poll.Key(i), poll.Readable))
	}
	drainEvents(t, p)
	for _, i := range []int{0, count / 2, count - 1, 1} {
		write(t, peers[i], "x")
		until(t, p, poll.Key(i), poll.Readable)
	}
}

func keyComesBackWhole(t *testing.T, p poll.Poller) {
	for _, key := range []poll.Key{0, 1, 1 << 31, 1 << 32, 1 << 63, poll.WakeKey - 1, 0x8000_0000_8000_0000} {
		a, b := pair(t)
		write(t, b, "x")
		check(t, p.Add(a, key))
		check(t, p.Modify(a, key, poll.Readable))
		until(t, p, key, poll.Readable)
	}
}

func addTwiceIsErrExist(t *testing.T, p poll.Poller) {
	a, _ := pair(t)
	check(t, p.Add(a, 7))
	if err := p.Add(a, 8); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("second Add: %v", err)
	}
}

func addBadDescriptorFails(t *testing.T, p poll.Poller) {
	a, _ := pair(t)
	fd := must(unix.Dup(a))(t)
	unix.Close(fd)
	if err := p.Add(fd, 7); !errors.Is(err, unix.EBADF) {
		t.Fatalf("Add of a closed descriptor: %v", err)
	}
	if err := p.Add(-1, 7); !errors.Is(err, unix.EBADF) {
		t.Fatalf("Add(-1): %v", err)
	}
}

func alwaysReadyFileIsErrPermission(t *testing.T, p poll.Poller) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	check(t, os.WriteFile(file, nil, 0o600))
	for _, name := range []string{dir, file} {
		fd := must(unix.Open(name, unix.O_RDONLY, 0))(t)
		if err := p.Add(fd, 7); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Add(%s): %v", name, err)
		}
		unix.Close(fd)
	}
}

func removeUnknownIsErrNotExist(t *testing.T, p poll.Poller) {
	a, _ := pair(t)
	if err := p.Remove(a); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Remove of an unregistered descriptor: %v", err)
	}
}

func removeClosedDescriptorFails(t *testing.T, p poll.Poller) {
	fd := must(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0))(t)
	unix.Close(fd)
	if err := p.Remove(fd); err == nil {
		t.Fatal("Remove of a closed descriptor succeeded")
	}
}

func closeEndsBlockedWait(t *testing.T, p poll.Poller) {
	done := make(chan error)
	go func() {
		for {
			if _, err := p.Wait(make([]poll.Event, 4), -1); err != nil {
				done <- err
				return
			}
		}
	}()
	check(t, p.Close())
	if err := <-done; err != poll.ErrClosed {
		t.Fatalf("Wait: %v", err)
	}
}

func closedPollerRefusesAll(t *testing.T, p poll.Poller) {
	a, _ := pair(t)
	check(t, p.Close())
	_, waited := p.Wait(make([]poll.Event, 4), -1)
	for what, err := range map[string]error{
		"Add": p.Add(a, 1), "Remove": p.Remove(a), "Wait": waited, "Wake": p.Wake(), "Close": p.Close(),
	} {
		if err != poll.ErrClosed {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func closeLeavesDescriptorsOpen(t *testing.T, p poll.Poller) {
	a, b := pair(t)
	check(t, p.Add(a, 7))
	check(t, p.Close())
	write(t, b, "x")
	if n := drain(t, a); n != 1 {
		t.Fatalf("read %d bytes", n)
	}
}

func wakeRacesClose(t *testing.T, p poll.Poller) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				if err := p.Wake(); err == poll.ErrClosed {
					return
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
	check(t, p.Close())
	wg.Wait()
}
