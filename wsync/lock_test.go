package wsync

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestMisusePanics(t *testing.T) {
	wantPanic(t, "sync: unlock of unlocked mutex", func() { new(Mutex).Unlock() })
	wantPanic(t, "sync: Unlock of unlocked RWMutex", func() { new(RWMutex).Unlock() })
	wantPanic(t, "sync: RUnlock of unlocked RWMutex", func() { new(RWMutex).RUnlock() })
	rw := new(RWMutex)
	rw.Lock()
	wantPanic(t, "sync: RUnlock of unlocked RWMutex", func() { rw.RUnlock() })
	rw.Unlock()
	rw.RLock()
	wantPanic(t, "sync: Unlock of unlocked RWMutex", func() { rw.Unlock() })
}

// A running task that locks again and again can't keep a waiter out.
func TestMutexWaiterIsNotStarved(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		var mu Mutex
		var got atomic.Int32
		for range 3 {
			s.spawn(func() {
				for range 20 {
					mu.Lock()
					got.Add(1)
					mu.Unlock()
				}
			})
		}
		for got.Load() < 60 {
			mu.Lock()
			yield()
			mu.Unlock()
		}
	})
}

// The states of the word, step by step: an unlock wakes the waiter and leaves the
// mutex free; if it has lost by the time it comes, the next unlock gives it to it.
func TestMutexIsHandedOverAfterOneLoss(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		for range 20 {
			var mu Mutex
			var got, leave atomic.Bool
			mu.Lock()
			s.spawn(func() {
				mu.Lock()
				got.Store(true)
				until(leave.Load)
				mu.Unlock()
			})
			until(func() bool { return mu.word.Load()&mutexWaiters != 0 })
			mu.Unlock()
			if mu.TryLock() { // else it was quicker
				until(func() bool { return mu.word.Load()&mutexFlags == mutexLocked|mutexWaiters })
				mu.Unlock()
				if mu.TryLock() {
					t.Error("the waiter was overtaken twice")
				}
			}
			until(got.Load)
			leave.Store(true)
			mu.Lock()
		}
	})
}

func TestSemaphoreIsFirstComeFirstServed(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		sem := NewSemaphore(4)
		if !sem.TryAcquire(3) || sem.TryAcquire(2) {
			t.Error("TryAcquire is wrong about what fits")
		}
		var big, small atomic.Bool
		s.spawn(func() {
			sem.Acquire(t.Context(), 4)
			big.Store(true)
			sem.Release(4)
		})
		until(func() bool { return sem.q.len(&sem.mu) == 1 })
		s.spawn(func() {
			sem.Acquire(t.Context(), 1)
			if !big.Load() {
				t.Error("a small request overtook a big one")
			}
			small.Store(true)
			sem.Release(1)
		})
		until(func() bool { return sem.q.len(&sem.mu) == 2 })
		if sem.TryAcquire(1) {
			t.Error("TryAcquire overtook the queue")
		}
		sem.Release(3)
		until(func() bool { return big.Load() && small.Load() })
		until(func() bool { return sem.TryAcquire(4) })
	})
}

// When the request at the head gives up, those behind it that fit must not go
// on waiting for a Release.
func TestSemaphoreCancelledHeadLetsOthersGo(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		sem := NewSemaphore(2)
		sem.TryAcquire(1)
		ctx, cancel := context.WithCancel(t.Context())
		s.spawn(func() {
			if err := sem.Acquire(ctx, 2); !errors.Is(err, context.Canceled) {
				t.Errorf("Acquire = %v", err)
			}
		})
		until(func() bool { return sem.q.len(&sem.mu) == 1 })
		s.spawn(func() {
			until(func() bool { return sem.q.len(&sem.mu) == 2 })
			cancel()
		})
		if err := sem.Acquire(t.Context(), 1); err != nil {
			t.Errorf("Acquire = %v", err)
		}
	})
}

func TestSemaphoreRequestAboveSizeWaitsForContext(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		sem := NewSemaphore(1)
		ctx, cancel := context.WithCancel(t.Context())
		s.spawn(cancel)
		if err := sem.Acquire(ctx, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("Acquire = %v", err)
		}
		if !sem.TryAcquire(1) {
			t.Error("the request took something")
		}
	})
	wantPanic(t, "semaphore: released more than held", func() { NewSemaphore(1).Release(1) })
	wantPanic(t, "semaphore: negative weight", func() { NewSemaphore(1).TryAcquire(-1) })
}

// Contexts that end race with releases: no share is lost or doubled.
func TestSemaphoreTimeoutRacesRelease(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		sem := NewSemaphore(3)
		var held atomic.Int64
		s.all(6, func(i int) {
			n := int64(i%3 + 1)
			for range 150 {
				ctx, cancel := context.WithCancel(t.Context())
				s.spawn(cancel)
				if sem.Acquire(ctx, n) != nil {
					continue
				}
				if held.Add(n) > 3 {
					t.Error("more is held than there is")
				}
				yield()
				held.Add(-n)
				sem.Release(n)
			}
		})
		if sem.used != 0 || sem.q.len(&sem.mu) != 0 || !sem.TryAcquire(3) {
			t.Errorf("%d of 3 still used, %d waiting", sem.used, sem.q.len(&sem.mu))
		}
	})
}

// captureCycles makes reports of lock cycles go to a slice.
func captureCycles(t *testing.T) func() []string {
	var mu sync.Mutex
	var got []string
	old := reportCycle
	reportCycle = func(text string) {
		mu.Lock()
		got = append(got, text)
		mu.Unlock()
	}
	t.Cleanup(func() { reportCycle = old })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func TestLockCycleIsReportedWhenItForms(t *testing.T) {
	reports := captureCycles(t)
	rounds := 0
	forEachSetting(t, func(t *testing.T, s setting) {
		for range 20 {
			var mu [2]Mutex
			var rw RWMutex
			locks := []mutex{&mu[0], &rw, &mu[1]}
			var holding, ended atomic.Int32
			for i := range locks {
				s.spawn(func() {
					locks[i].Lock()
					holding.Add(1)
					until(func() bool { return holding.Load() == 3 })
					pass(locks[(i+1)%3])
					if i > 0 {
						locks[i].Unlock()
					}
					ended.Add(1)
				})
			}
			rounds++
			until(func() bool { return len(reports()) == rounds })
			text := reports()[rounds-1]
			if strings.Count(text, "waits for *wsync.") != 3 || !strings.Contains(text, "*wsync.RWMutex") {
				t.Errorf("report:\n%s", text)
			}
			for i := range waiting {
				if sd := waiting[i].first.Load(); sd != nil {
					checkCycle(sd) // as one who enters at the same time
				}
			}
			mu[0].Unlock() // instead of task 0, which resolves it
			until(func() bool { return ended.Load() == 3 })
		}
	})
	if n := len(reports()); n != rounds {
		t.Errorf("%d reports of %d cycles", n, rounds)
	}
}

// Contention, hand-offs and chains of waiters are no cycles.
func TestNoCycleIsMadeUp(t *testing.T) {
	reports := captureCycles(t)
	forEachSetting(t, func(t *testing.T, s setting) {
		var mu [3]Mutex
		s.all(6, func(i int) {
			for j := range 300 {
				a, b := &mu[(i+j)%2], &mu[(i+j)%2+1]
				a.Lock()
				if j%8 == 0 {
					yield()
				}
				pass(b)
				a.Unlock()
			}
		})
	})
	for _, text := range reports() {
		t.Error(text)
	}
}

func TestCycleTableIsEmptyWhenNobodyWaits(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		var mu Mutex
		s.all(8, func(int) {
			for range 100 {
				mu.Lock()
				yield()
				mu.Unlock()
			}
		})
	})
	for i := range waiting {
		b := &waiting[i]
		b.mu.Lock()
		if b.first.Load() != nil {
			t.Error("an entry is left of a wait that is over")
		}
		b.mu.Unlock()
	}
}
