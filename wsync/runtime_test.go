package wsync

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/sched"
)

// Coroutines of two runtimes and a goroutine share channels and a mutex.
func TestRuntimesShareChannelsAndLocks(t *testing.T) {
	const n = 300
	var mu Mutex
	var sum int
	in, out := NewChan[int](0), NewChan[int](2)
	relay := func() {
		for v := range in.All() {
			mu.Lock()
			sum += v
			mu.Unlock()
			Select(OnSend(out, v, nil))
		}
	}
	var runs sync.WaitGroup
	for _, procs := range []int{1, 2} {
		runs.Go(func() {
			err := sched.Run(func() {
				var wg WaitGroup
				wg.Go(relay)
				wg.Go(relay)
				wg.Wait()
			}, sched.Options{Procs: procs, NoDeadlock: true})
			if err != nil {
				t.Error(err)
			}
		})
	}
	runs.Go(func() {
		defer in.Close()
		for i := range n {
			in.Send(i)
		}
	})
	got := 0
	for range n {
		v, _ := out.Recv()
		got += v
	}
	runs.Wait()
	if want := n * (n - 1) / 2; got != want || sum != want {
		t.Errorf("received %d, summed %d, want %d", got, sum, want)
	}
}

func deadlock(t *testing.T, main func()) string {
	t.Helper()
	err := sched.Run(main, sched.Options{Procs: 1})
	var d *sched.DeadlockError
	if !errors.As(err, &d) {
		t.Fatalf("Run = %v, want a deadlock", err)
	}
	return d.Error()
}

// A deadlock report names each kind of wait, and who holds a lock.
func TestDeadlockReportNamesWaitAndHolder(t *testing.T) {
	var mu Mutex
	var rw RWMutex
	var wg WaitGroup
	for _, c := range []struct {
		want string
		main func()
	}{
		{"chan receive (nil chan)", func() { (*Chan[int])(nil).Recv() }},
		{"chan send", func() { NewChan[int](0).Send(1) }},
		{"select (no cases)", func() { Select() }},
		{"select", func() { Select(OnRecv(NewChan[int](0), nil), OnRecv((*Chan[int])(nil), nil)) }},
		{"wsync.WaitGroup.Wait", func() { wg.Add(1); wg.Wait() }},
		{"wsync.Mutex.Lock", func() { mu.Lock(); mu.Lock() }},
		{"held by g1 ", func() { new(Once).Do(func() { rw.Lock(); rw.RLock() }) }},
	} {
		if text := deadlock(t, c.main); !strings.Contains(text, c.want) {
			t.Errorf("report lacks %q:\n%s", c.want, text)
		}
	}
}

// A wait with a deadline is no deadlock, and under a virtual clock takes no time.
func TestContextDeadlineEndsWaitOnTheRuntimesClock(t *testing.T) {
	waits := func(ctx context.Context) (errs []error) {
		sem, full := NewSemaphore(1), NewChan[int](0)
		errs = append(errs, sem.Acquire(ctx, 2))
		sem.TryAcquire(1)
		errs = append(errs, sem.Acquire(ctx, 1), full.SendContext(ctx, 1))
		_, _, err := full.RecvContext(ctx)
		return append(errs, err)
	}
	for _, c := range []struct {
		clock clock.Clock
		d     time.Duration
	}{{nil, 2 * time.Millisecond}, {clock.NewVirtual(), 3 * time.Hour}} {
		err := sched.Run(func() {
			ctx, cancel := context.WithTimeout(context.Background(), c.d)
			defer cancel()
			for i, err := range waits(ctx) {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("wait %d: %v", i, err)
				}
			}
		}, sched.Options{Procs: 1, Clock: c.clock})
		if err != nil {
			t.Error(err)
		}
	}
}

// A lock names the coroutine that holds it.
func TestHolderIsTheCoroutineThatLocked(t *testing.T) {
	var mu Mutex
	var rw RWMutex
	err := sched.Run(func() {
		me := sched.Getg()
		mu.Lock()
		rw.Lock()
		if mu.Holder() != me || rw.Holder() != me {
			t.Errorf("held by %v and %v, want %v", mu.Holder(), rw.Holder(), me)
		}
		if name := mu.HeldBy(); !strings.HasPrefix(name, "g1 ") {
			t.Errorf("HeldBy = %q", name)
		}
		mu.Unlock()
		rw.Unlock()
	}, sched.Options{Procs: 1})
	if err != nil {
		t.Error(err)
	}
	rw.RLock()
	if mu.Holder() != nil || rw.Holder() != nil || mu.HeldBy()+rw.HeldBy() != "" {
		t.Error("a free lock and one held by readers have no holder")
	}
	rw.RUnlock()
	mu.Lock()
	if mu.Holder() != nil || !strings.HasPrefix(mu.HeldBy(), "goroutine") {
		t.Errorf("held by a goroutine: Holder %v, HeldBy %q", mu.Holder(), mu.HeldBy())
	}
	mu.Unlock()
}
