package sched

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// watching reads what comes on pd, in coroutines that a Starter starts, and
// sends each piece to got; "" is the end.
func watching(pd *PollDesc, fd int) (got chan string) {
	got = make(chan string, 64)
	var st Starter
	st.Init(pd.Sched(), func() {
		buf := make([]byte, 64)
		for {
			if pd.Begin(Reading) != nil {
				got <- ""
				return
			}
			pd.Arm(Reading)
			if n, err := unix.Read(fd, buf); err == nil {
				pd.More(Reading)
				got <- string(buf[:n])
				continue
			}
			if pd.Watch(Reading, &st) {
				return
			}
		}
	})
	pd.Sched().Newproc(st.fn, 0)
	return got
}

func awaitString(c chan string) (s string) {
	Block(func() { s = <-c })
	return s
}

func TestFDWatchStartsACoroutineForEveryMessage(t *testing.T) {
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		got := watching(pd, int(pd.fd))
		for range 2000 { // with and without the reader having come to rest before
			fdWrite(t, peer, "x")
			if s := awaitString(got); s != "x" {
				t.Fatalf("got %q", s)
			}
		}
		pd.Evict()
		if s := awaitString(got); s != "" {
			t.Fatalf("got %q after Evict", s)
		}
	})
}

func TestFDWatchKeepsOthersFromWaiting(t *testing.T) {
	if poll.Pollerless(poll.Default()) {
		t.Skip("a coroutine watches, and another would not be told")
	}
	fdTest(t, func(t *testing.T, pd *PollDesc, peer int) {
		got := watching(pd, int(pd.fd))
		for !pd.Parked(Reading) {
			Block(func() {})
			Yield()
		}
		if err := pd.Wait(Reading, trace.WaitIORead); err != ErrWatched {
			t.Errorf("Wait: %v", err)
		}
		fdWrite(t, peer, "still")
		if s := awaitString(got); s != "still" {
			t.Errorf("got %q", s)
		}
	})
}

// What watches does not keep a runtime from ending, and starts nothing then.
func TestFDWatchEndsWithTheRuntime(t *testing.T) {
	var pd *PollDesc
	started := 0
	err := Run(func() {
		pd, _ = watchedPair(t, Current())
		var st Starter
		st.Init(Current(), func() { started++ })
		pd.Arm(Reading)
		if !pd.Watch(Reading, &st) {
			t.Error("no need to wait")
		}
	}, Options{Procs: 2})
	fdCheck(t, err)
	if started != 0 {
		t.Errorf("%d coroutines were started at the end", started)
	}
}
