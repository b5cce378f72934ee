package wsync

import (
	"context"
	"testing"

	"github.com/weftgo/weft/sched"
)

func (q *queue[T]) len(mu *sched.Lock) (n int) {
	mu.Lock()
	defer mu.Unlock()
	for sd := q.first; sd != nil; sd = sd.next {
		n++
	}
	return n
}

// Each case: a coroutine waits first and a goroutine behind it, and then the
// coroutine's runtime ends in the moment in which the coroutine has been woken,
// but has not run. What it was given must reach the goroutine.
func TestWakeupOfAnUnwoundCoroutineGoesOn(t *testing.T) {
	var mu Mutex
	var rw RWMutex
	var condMu Mutex
	cond := NewCond(&condMu)
	sem := NewSemaphore(1)
	for _, c := range []struct {
		name   string
		queued func() int
		hold   func()
		wait   func()
		wake   func()
	}{
		{"Mutex", func() int { return mu.q.len(&mu.q.mu) }, mu.Lock, func() { pass(&mu) }, mu.Unlock},
		{"RWMutex.Lock", func() int { return rw.writers.len(&rw.q) }, rw.Lock, func() { pass(&rw) }, rw.Unlock},
		{"RWMutex.Lock after a reader", func() int { return rw.writers.len(&rw.q) }, rw.RLock, func() { pass(&rw) }, rw.RUnlock},
		{"RWMutex.RLock", func() int { return rw.readers.len(&rw.q) }, rw.Lock, func() { pass(rw.RLocker()); pass(&rw) }, rw.Unlock},
		{"Semaphore", func() int { return sem.q.len(&sem.mu) }, func() { sem.TryAcquire(1) }, func() {
			sem.Acquire(context.Background(), 1)
			sem.Release(1)
		}, func() { sem.Release(1) }},
		{"Cond", func() int { return cond.q.len(&cond.q.mu) }, func() {}, func() {
			condMu.Lock()
			defer condMu.Unlock()
			cond.Wait()
		}, cond.Signal},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := make(chan struct{})
			err := sched.Run(func() {
				c.hold()
				sched.Go(c.wait)
				until(func() bool { return c.queued() == 1 })
				go func() {
					defer close(done)
					c.wait()
				}()
				until(func() bool { return c.queued() == 2 })
				c.wake()
			}, sched.Options{Procs: 1})
			if err != nil {
				t.Error(err)
			}
			<-done
		})
	}
	// A mutex hands itself over to one that had found its holder at rest: it too may be gone.
	t.Run("Mutex handed over", func(t *testing.T) {
		err := sched.Run(func() {
			mu.Lock()
			sched.Go(func() { pass(&mu) })
			until(func() bool { return mu.q.len(&mu.q.mu) == 1 })
			mu.Unlock() // hands over
			if mu.TryLock() {
				t.Error("not handed over")
				mu.Unlock()
			}
		}, sched.Options{Procs: 1})
		if err != nil {
			t.Error(err)
		}
		pass(&mu)
	})
}

// Coroutines are unwound in each kind of wait, some of them twice, because their
// deferred calls wait again. Afterwards everything works, and no value or share
// has gone to them.
func TestPrimitivesOutliveUnwoundWaiters(t *testing.T) {
	for range 20 {
		var mu Mutex
		var rw RWMutex
		var wg WaitGroup
		var condMu Mutex
		cond := NewCond(&condMu)
		sem := NewSemaphore(1)
		in, out := NewChan[int](0), NewChan[int](1)
		mu.Lock()
		rw.Lock()
		wg.Add(1)
		sem.TryAcquire(1)
		out.Send(0)
		waits := []func(){
			mu.Lock, rw.Lock, rw.RLock, wg.Wait,
			func() { sem.Acquire(context.Background(), 1) },
			func() { condMu.Lock(); defer condMu.Unlock(); cond.Wait() },
			func() { in.Recv() },
			func() { out.Send(1) },
			func() { Select(OnRecv(in, nil), OnSend(out, 2, nil)) },
		}
		err := sched.Run(func() {
			for i, wait := range waits {
				for range 2 {
					sched.Go(func() {
						defer waits[(i+1)%len(waits)]()
						wait()
						t.Errorf("wait %d came back", i)
					})
				}
			}
			for range 10 {
				sched.Yield()
			}
		}, sched.Options{Procs: 2})
		if err != nil {
			t.Error(err)
		}
		if in.TrySend(1) || out.Len() != 1 {
			t.Error("a value went to or came from a coroutine that is gone")
		}
		if v, ok, _ := out.TryRecv(); v != 0 || !ok || out.Len() != 0 {
			t.Errorf("TryRecv = %d, %v, %d left", v, ok, out.Len())
		}
		mu.Unlock()
		rw.Unlock()
		wg.Done()
		sem.Release(1)
		if !mu.TryLock() || !rw.TryLock() || !sem.TryAcquire(1) {
			t.Error("something is held by a coroutine that is gone")
		}
		wg.Wait()
		cond.Broadcast()
	}
}

// Deferred calls of unwound coroutines lock a mutex that others hold for a
// moment, and unlock after a Cond.Wait: the runtime ends without a fault.
func TestDeferredLocksAndUnlocksWhileUnwinding(t *testing.T) {
	for range 20 {
		var mu Mutex
		var rw RWMutex
		cond := NewCond(&mu)
		cleaned := 0
		err := sched.Run(func() {
			for range 50 {
				sched.Go(func() {
					defer func() {
						rw.Lock()
						defer rw.Unlock()
						cleaned++
					}()
					mu.Lock()
					defer mu.Unlock()
					for {
						cond.Wait()
					}
				})
			}
			until(func() bool { return cond.q.len(&cond.q.mu) == 50 })
			cond.Broadcast() // some are in the middle of Wait
		}, sched.Options{Procs: 2})
		if err != nil {
			t.Fatal(err)
		}
		if cleaned == 0 {
			t.Error("no deferred call could lock")
		}
	}
}
