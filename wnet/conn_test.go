package wnet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

// await receives from c without holding up other coroutines.
func await[T any](c <-chan T) (v T) {
	sched.Block(func() { v = <-c })
	return v
}

// A result is what one call returned.
type result struct {
	n   int
	err error
}

func TestHalfCloseLetsTheOtherDirectionGoOn(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		spawn(func() {
			got, err := io.ReadAll(b)
			if err != nil || string(got) != "question" {
				t.Errorf("read %q, %v", got, err)
			}
			b.Write([]byte("answer"))
			b.CloseWrite()
		})
		a.Write([]byte("question"))
		check(t, a.CloseWrite())
		got, err := io.ReadAll(a)
		if err != nil || string(got) != "answer" {
			t.Fatalf("read %q, %v", got, err)
		}
		_, err = a.Write([]byte("x"))
		isOpError(t, err, "write", syscall.EPIPE)
	})
}

func TestCloseReadEndsParkedRead(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		spawn(func() { parked(t, &a.netFD, sched.Reading); a.CloseRead() })
		if n, err := a.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatalf("read: %d, %v", n, err)
		}
		if _, err := a.Write([]byte("still")); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Read(make([]byte, 8)); n != 5 || err != nil {
			t.Fatalf("read: %d, %v", n, err)
		}
	})
}

func TestEndOfStreamIsBareEOFAgainAndAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		b.Write([]byte("x"))
		b.Close()
		buf := make([]byte, 16)
		if n, err := io.ReadFull(a, buf[:1]); n != 1 {
			t.Fatal(err)
		}
		for range 3 {
			if n, err := a.Read(buf); n != 0 || err != io.EOF {
				t.Fatalf("read: %d, %v", n, err)
			}
		}
	})
}

func TestHalfAMessageParksInItsMiddle(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		msg := []byte("one message that comes a byte at a time")
		spawn(func() {
			for i := range msg {
				parked(t, &a.netFD, sched.Reading)
				b.Write(msg[i : i+1])
			}
		})
		got := make([]byte, len(msg))
		if _, err := io.ReadFull(a, got); err != nil || !bytes.Equal(got, msg) {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

func TestDeadlineEndsParkedReadAndCanBeSetAnew(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		buf := make([]byte, 8)
		for range 3 {
			check(t, a.SetReadDeadline(time.Now().Add(2*time.Millisecond)))
			_, err := a.Read(buf)
			isTimeout(t, err, "read")
			_, err = a.Read(buf)
			isTimeout(t, err, "read") // it stays so
		}
		check(t, a.SetReadDeadline(time.Time{}))
		spawn(func() { parked(t, &a.netFD, sched.Reading); b.Write([]byte("x")) })
		if n, err := a.Read(buf); n != 1 || err != nil {
			t.Fatalf("read: %d, %v", n, err)
		}
	})
}

// The first deadline may pass before it is extended: then a later one is tried.
func TestDeadlineIsExtendedDuringRead(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		for d := 10 * time.Millisecond; !readAcross(t, spawn, d); d *= 2 {
			if d > patience {
				t.Fatal("extending a deadline has no effect")
			}
		}
	})
}

// readAcross reads under a deadline that passes meanwhile, and reports whether
// it was extended in time.
func readAcross(t *testing.T, spawn func(func()), d time.Duration) bool {
	a, b := connPair(t)
	first := time.Now().Add(d)
	check(t, a.SetReadDeadline(first))
	extended := make(chan bool, 1)
	spawn(func() {
		for time.Now().Before(first) && !a.pd.Parked(sched.Reading) {
			sched.Yield()
		}
		a.SetReadDeadline(time.Now().Add(time.Hour))
		extended <- time.Now().Before(first)
		for time.Now().Before(first.Add(d)) {
			sched.Block(func() { time.Sleep(time.Millisecond) })
		}
		b.Write([]byte("x"))
	})
	n, err := a.Read(make([]byte, 8))
	if !await(extended) {
		return false
	}
	if n != 1 || err != nil {
		t.Errorf("read: %d, %v", n, err)
	}
	return true
}

func TestPassedDeadlineFailsEvenIfDataIsThere(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		b.Write([]byte("data"))
		for what, at := range map[string]time.Time{
			"now": time.Now(), "a second ago": time.Now().Add(-time.Second), "long ago": time.Unix(1, 0),
			"wall time only": time.Now().Add(-time.Minute).Round(0),
		} {
			check(t, a.SetDeadline(at))
			if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: read: %v", what, err)
			}
			if _, err := a.Write(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: write: %v", what, err)
			}
		}
	})
}

// A peer that always has more to say must not talk a reader past its deadline.
func TestDeadlineEndsReadsThatNeverWait(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		spawn(func() {
			chunk := make([]byte, 32<<10)
			for {
				if _, err := b.Write(chunk); err != nil {
					return
				}
			}
		})
		due := time.Now().Add(20 * time.Millisecond)
		check(t, a.SetReadDeadline(due))
		buf := make([]byte, 1)
		for begin := time.Now(); begin.Before(due.Add(patience)); begin = time.Now() {
			if _, err := a.Read(buf); err != nil {
				isTimeout(t, err, "read")
				return
			}
		}
		t.Fatal("reads go on and on")
	})
}

func TestDeadlineEndsWriteThatNobodyReads(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		a.SetWriteBuffer(8 << 10)
		b.SetReadBuffer(8 << 10)
		spawn(func() { parked(t, &a.netFD, sched.Writing); a.SetWriteDeadline(time.Now()) })
		big := make([]byte, 16<<20)
		n, err := a.Write(big)
		isTimeout(t, err, "write")
		if n == 0 || n == len(big) {
			t.Fatalf("wrote %d", n)
		}
		check(t, a.SetWriteDeadline(time.Time{}))
		a.CloseWrite()
		got, err := io.Copy(io.Discard, b)
		if err != nil || got != int64(n) {
			t.Fatalf("the peer got %d, %v of %d", got, err, n)
		}
	})
}

func TestBigWriteArrivesWhole(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		big := make([]byte, 4<<20)
		for i := range big {
			big[i] = byte(i * 7 >> 3)
		}
		done := make(chan result, 1)
		spawn(func() {
			n, err := a.Write(big)
			a.CloseWrite()
			done <- result{n, err}
		})
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, big) {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
		if r := await(done); r.n != len(big) || r.err != nil {
			t.Fatalf("write: %+v", r)
		}
	})
}

func TestCloseEndsParkedCalls(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, _ := connPair(t)
		done := make(chan error, 2)
		spawn(func() { _, err := a.Write(make([]byte, 64<<20)); done <- err })
		parked(t, &a.netFD, sched.Writing)
		spawn(func() { _, err := a.Read(make([]byte, 1)); done <- err })
		parked(t, &a.netFD, sched.Reading)
		check(t, a.Close())
		for range 2 {
			if err := await(done); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

func TestCloseEndsCallsThatWaitForTheirTurn(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, _ := connPair(t)
		const readers = 5
		done := make(chan error, readers)
		for range readers {
			spawn(func() { _, err := a.Read(make([]byte, 1)); done <- err })
		}
		queued(t, &a.netFD, readers-1)
		check(t, a.Close())
		for range readers {
			if err := await(done); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

// queued waits until n calls wait for a side's lock.
func queued(t *testing.T, fd *netFD, n int) {
	t.Helper()
	until(t, fmt.Sprint(n, " calls wait"), func() bool {
		fd.mu.Lock()
		defer fd.mu.Unlock()
		have := 0
		for lw := fd.queue; lw != nil; lw = lw.next {
			have++
		}
		return have == n
	})
}

func TestEveryMethodOfAClosedConnFails(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, _ := connPair(t)
		local, remote := a.LocalAddr().String(), a.RemoteAddr().String()
		check(t, a.Close())
		_, readErr := a.Read(make([]byte, 1))
		_, noneErr := a.Read(nil)
		_, writeErr := a.Write(make([]byte, 1))
		_, fileErr := a.File()
		for what, err := range map[string]error{
			"Close": a.Close(), "Read": readErr, "Read(nil)": noneErr, "Write": writeErr, "File": fileErr,
			"CloseRead": a.CloseRead(), "CloseWrite": a.CloseWrite(), "SetDeadline": a.SetDeadline(time.Now()),
			"SetReadDeadline": a.SetReadDeadline(time.Time{}), "SetWriteDeadline": a.SetWriteDeadline(time.Time{}),
			"SetNoDelay": a.SetNoDelay(true), "SetKeepAlive": a.SetKeepAlive(true), "SetLinger": a.SetLinger(0),
			"SetReadBuffer": a.SetReadBuffer(1), "SetKeepAlivePeriod": a.SetKeepAlivePeriod(time.Second),
		} {
			if oe := new(net.OpError); !errors.As(err, &oe) || oe.Err != net.ErrClosed {
				t.Errorf("%s: %v", what, err)
			}
		}
		if a.LocalAddr().String() != local || a.RemoteAddr().String() != remote {
			t.Error("the addresses changed")
		}
	})
}

func TestOneOfManyClosesSucceeds(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		for range 50 {
			a, _ := connPair(t)
			const closers = 6
			done := make(chan error, closers+1)
			spawn(func() { _, err := a.Read(make([]byte, 1)); done <- err })
			for range closers {
				spawn(func() { done <- a.Close() })
			}
			ok := 0
			for range closers + 1 {
				if err := await(done); err == nil {
					ok++
				} else if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			}
			if ok != 1 {
				t.Fatalf("%d calls succeeded", ok)
			}
		}
	})
}

func TestResetDuringRead(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		check(t, b.SetLinger(0))
		spawn(func() { parked(t, &a.netFD, sched.Reading); b.Close() })
		_, err := a.Read(make([]byte, 1))
		isOpError(t, err, "read", syscall.ECONNRESET)
		if _, err := a.Read(make([]byte, 1)); err == nil {
			t.Fatal("a later read of a reset connection succeeded")
		}
		_, err = a.Write(make([]byte, 1))
		isOpError(t, err, "write", syscall.EPIPE)
	})
}

func TestDataBeforeResetIsRead(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		b.Write([]byte("last words"))
		check(t, b.SetLinger(0))
		b.Close()
		buf := make([]byte, 64)
		for range 4 { // whatever the kernel keeps of the data: then an error, and no hang
			if _, err := a.Read(buf); err != nil {
				return
			}
		}
		t.Fatal("no error")
	})
}

func TestZeroLengthCalls(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		if n, err := a.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil) with nothing to read: %d, %v", n, err)
		}
		if n, err := a.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil): %d, %v", n, err)
		}
		b.Write([]byte("x"))
		if n, err := a.Read([]byte{}); n != 0 || err != nil {
			t.Errorf("Read of no bytes: %d, %v", n, err)
		}
		if n, err := a.Read(make([]byte, 4)); n != 1 || err != nil {
			t.Errorf("Read: %d, %v", n, err)
		}
	})
}

func TestConcurrentWritesDoNotMix(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		const writers, size, each = 8, 100_000, 5
		for i := range writers {
			spawn(func() {
				for range each {
					a.Write(bytes.Repeat([]byte{byte('a' + i)}, size))
				}
			})
		}
		buf := make([]byte, size)
		for range writers * each {
			if _, err := io.ReadFull(b, buf); err != nil {
				t.Fatal(err)
			}
			if bytes.Count(buf, buf[:1]) != size {
				t.Fatal("two writes are mixed")
			}
		}
	})
}

func TestConcurrentReadsShareTheBytes(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		const readers, total = 6, 30_000
		var sum atomic.Int64
		done := make(chan bool, readers)
		for range readers {
			spawn(func() {
				buf := make([]byte, 7)
				for {
					n, err := a.Read(buf)
					sum.Add(int64(n))
					if err != nil {
						done <- true
						return
					}
				}
			})
		}
		for range total / 10 {
			b.Write([]byte("0123456789"))
		}
		b.Close()
		for range readers {
			await(done)
		}
		if sum.Load() != total {
			t.Fatalf("read %d of %d bytes", sum.Load(), total)
		}
	})
}

// One P, and a coroutine whose reads never wait: the other coroutine must get
// its turns all the same.
func TestReaderThatNeverWaitsLetsOthersRun(t *testing.T) {
	err := sched.Run(func() {
		a, b := connPair(t)
		const reads = 20 * maxStreak
		b.Write(make([]byte, reads))
		var turns atomic.Int64 // sysmon may take the P of one of them: then both run
		var stop atomic.Bool
		sched.Go(func() {
			for !stop.Load() {
				turns.Add(1)
				sched.Yield()
			}
		})
		buf := make([]byte, 1)
		for range reads {
			if _, err := a.Read(buf); err != nil {
				t.Error(err)
			}
		}
		if n := turns.Load(); n < 15 {
			t.Errorf("the other had %d turns during %d reads", n, reads)
		}
		stop.Store(true)
	}, sched.Options{Procs: 1})
	check(t, err)
}

func TestUrgentDataDoesNotHideWhatFollows(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		for range 20 {
			a, b := connPair(t)
			spawn(func() {
				parked(t, &a.netFD, sched.Reading)
				b.using(func(s int) error {
					unix.Sendto(s, []byte("before!"), unix.MSG_OOB, nil) // "!" is out of band
					_, err := unix.Write(s, []byte("after"))
					return err
				})
			})
			got := make([]byte, 0, 64)
			for len(got) < len("beforeafter") {
				n, err := a.Read(got[len(got):cap(got)])
				check(t, err)
				got = got[:len(got)+n]
			}
			if string(got) != "beforeafter" {
				t.Fatalf("read %q", got)
			}
			a.Close()
			b.Close()
		}
	})
}

// A number that is used again must never give one connection's bytes, or
// events, to another.
func TestReusedDescriptorsKeepTheirStreamsApart(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		const workers, rounds = 4, 60
		done := make(chan bool, workers)
		for w := range workers {
			spawn(func() {
				defer func() { done <- true }()
				for i := range rounds {
					c1, c2, stop, err := tcpPipe()
					if err != nil {
						t.Error(err)
						return
					}
					want := []byte{byte(w), byte(i), byte(w ^ i), 42}
					ended := make(chan bool, 1)
					spawn(func() { // parked in Read when it is closed, or not quite yet
						defer func() { ended <- true }()
						buf := make([]byte, 16)
						for {
							n, err := c2.Read(buf)
							if n > 0 && !bytes.Equal(buf[:n], want) {
								t.Errorf("read %v, want %v", buf[:n], want)
							}
							if err != nil {
								return
							}
						}
					})
					c1.Write(want)
					if i%3 == 0 {
						parkedOrClosed(&c2.(*TCPConn).netFD)
					}
					stop()
					await(ended)
				}
			})
		}
		for range workers {
			await(done)
		}
	})
}

func parkedOrClosed(fd *netFD) {
	for range 100 {
		if fd.pd.Parked(sched.Reading) {
			return
		}
		sched.Yield()
	}
}

// Reads, writes, deadlines and Close race; nothing hangs and nothing is wrong
// but the errors that are due.
func TestEverythingRacesClose(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		for range 30 {
			a, b := connPair(t)
			var running sync.WaitGroup
			start := func(f func() error) {
				running.Add(1)
				spawn(func() {
					defer running.Done()
					for {
						if err := f(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
							if !errors.Is(err, net.ErrClosed) {
								t.Error(err)
							}
							return
						}
						sched.Yield()
					}
				})
			}
			buf := make([]byte, 512)
			start(func() error { _, err := a.Read(make([]byte, 512)); return err })
			start(func() error { _, err := a.Write(buf); return err })
			start(func() error { _, err := b.Read(make([]byte, 512)); return ignoreEnd(err) })
			start(func() error { return a.SetDeadline(time.Now().Add(50 * time.Microsecond)) })
			start(func() error { return a.SetReadDeadline(time.Time{}) })
			start(func() error { return a.SetNoDelay(true) })
			for range 20 {
				sched.Yield()
			}
			a.Close()
			b.Close()
			sched.Block(running.Wait)
		}
	})
}

func ignoreEnd(err error) error {
	if err == io.EOF || errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	return err
}

func TestFileIsADuplicate(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		f, err := a.File()
		check(t, err)
		check(t, a.Close())
		sched.Block(func() { _, err = f.Write([]byte("from the file")) })
		check(t, err)
		buf := make([]byte, 64)
		if n, err := b.Read(buf); err != nil || string(buf[:n]) != "from the file" {
			t.Fatalf("read %q, %v", buf[:n], err)
		}
		check(t, f.Close())
		if n, err := b.Read(buf); n != 0 || err != io.EOF {
			t.Fatalf("after both are closed: %d, %v", n, err)
		}
	})
}

func TestSyscallConnReadParksUntilDone(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		rc, err := a.SyscallConn()
		check(t, err)
		spawn(func() { parked(t, &a.netFD, sched.Reading); b.Write([]byte("abcdef")) })
		buf := make([]byte, 2)
		n := 0
		err = rc.Read(func(fd uintptr) bool {
			var err error
			n, err = unix.Read(int(fd), buf)
			return err != unix.EAGAIN
		})
		if err != nil || n != 2 {
			t.Fatalf("%d, %v", n, err)
		}
		// What the user left unread must not be waited for.
		if n, err := a.Read(make([]byte, 10)); n != 4 || err != nil {
			t.Fatalf("read the rest: %d, %v", n, err)
		}
		check(t, a.SetReadDeadline(time.Now().Add(time.Millisecond)))
		err = rc.Read(func(uintptr) bool { return false })
		isTimeout(t, err, "raw-read")
		a.Close()
		isOpError(t, rc.Control(func(uintptr) {}), "raw-control", net.ErrClosed)
	})
}

func TestSocketOptionsReachTheKernel(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		get := func(c *TCPConn, level, opt int) (v int) {
			check(t, c.using(func(s int) (err error) { v, err = unix.GetsockoptInt(s, level, opt); return err }))
			return v
		}
		for what, c := range map[string]*TCPConn{"dialed": a, "accepted": b} {
			if get(c, unix.IPPROTO_TCP, unix.TCP_NODELAY) == 0 {
				t.Errorf("%s: no-delay is off", what)
			}
			if get(c, unix.SOL_SOCKET, unix.SO_KEEPALIVE) == 0 || get(c, unix.IPPROTO_TCP, tcpKeepIdle) != 15 {
				t.Errorf("%s: keep-alive is not as usual", what)
			}
		}
		check(t, a.SetNoDelay(false))
		check(t, a.SetKeepAlivePeriod(1500*time.Millisecond))
		check(t, b.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: -1, Count: 3}))
		check(t, a.SetKeepAlive(false))
		for what, got := range map[string][2]int{
			"no-delay":   {get(a, unix.IPPROTO_TCP, unix.TCP_NODELAY), 0},
			"idle":       {get(a, unix.IPPROTO_TCP, tcpKeepIdle), 2},
			"keep-alive": {get(a, unix.SOL_SOCKET, unix.SO_KEEPALIVE), 0},
			"b.idle":     {get(b, unix.IPPROTO_TCP, tcpKeepIdle), 60},
			"b.interval": {get(b, unix.IPPROTO_TCP, tcpKeepIntvl), 15},
			"b.count":    {get(b, unix.IPPROTO_TCP, tcpKeepCnt), 3},
		} {
			if got[0] != got[1] {
				t.Errorf("%s is %d, want %d", what, got[0], got[1])
			}
		}
	})
}

func TestConnOfAnEndedRuntime(t *testing.T) {
	var c net.Conn
	l := listen(t)
	err := sched.Run(func() {
		var err error
		c, err = Dial("tcp", l.Addr().String())
		check(t, err)
	}, sched.Options{})
	check(t, err)
	_, err = c.Read(make([]byte, 1))
	isOpError(t, err, "read", sched.ErrRuntimeEnded)
	check(t, c.Close())
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

// A coroutine that is unwound in the middle of a Read lets go of the connection:
// its own deferred Close, or anybody's, closes the descriptor.
func TestUnwoundReaderLetsGo(t *testing.T) {
	a, b := connPair(t)
	_ = a
	var c *TCPConn
	l := listen(t)
	err := sched.Run(func() {
		nc, err := Dial("tcp", l.Addr().String())
		check(t, err)
		c = nc.(*TCPConn)
		sched.Go(func() {
			defer c.Close()
			c.Read(make([]byte, 1))
		})
		parked(t, &c.netFD, sched.Reading)
	}, sched.Options{})
	check(t, err)
	if s := c.state.Load(); s != fdClosed {
		t.Fatalf("state %#x: someone still holds on", s)
	}
	_ = b
}
