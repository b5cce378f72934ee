// Package right has programs that are right under every schedule: each is a
// well-known bug, corrected.
package right

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Two locks, always in the same order.
func TestLockOrder(t *testing.T) {
	var a, b sync.Mutex
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			a.Lock()
			defer a.Unlock()
			b.Lock()
			defer b.Unlock()
		})
	}
	wg.Wait()
}

// The result channel has room, so that whoever comes too late does not block.
func TestBufferedResult(t *testing.T) {
	c := make(chan int, 1)
	go func() { time.Sleep(time.Millisecond); c <- 1 }()
	select {
	case <-c:
	case <-time.After(time.Millisecond):
	}
}

// Add comes before the go statement.
func TestAddBeforeGo(t *testing.T) {
	var wg sync.WaitGroup
	var n atomic.Int32
	for range 4 {
		wg.Add(1)
		go func() { defer wg.Done(); n.Add(1) }()
	}
	wg.Wait()
	if n.Load() != 4 {
		t.Error(n.Load())
	}
}

// The condition is tested in a loop, under the lock.
func TestCondLoop(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	ready := false
	done := make(chan bool)
	go func() {
		mu.Lock()
		for !ready {
			cond.Wait()
		}
		mu.Unlock()
		close(done)
	}()
	mu.Lock()
	ready = true
	cond.Signal()
	mu.Unlock()
	<-done
}

// Only the sender closes.
func TestSenderCloses(t *testing.T) {
	c := make(chan int)
	go func() {
		defer close(c)
		for i := range 3 {
			c <- i
		}
	}()
	sum := 0
	for v := range c {
		sum += v
	}
	if sum != 3 {
		t.Error(sum)
	}
}

// Closing twice is prevented by a Once.
func TestCloseOnce(t *testing.T) {
	c := make(chan bool)
	var once sync.Once
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { once.Do(func() { close(c) }) })
	}
	<-c
	wg.Wait()
}

// A producer that gives up when nobody listens any more.
func TestContextEndsProducer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := make(chan int)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case c <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	<-c
	cancel()
	wg.Wait()
}

// Readers don't take a read lock twice.
func TestReadLockOnce(t *testing.T) {
	var mu sync.RWMutex
	var wg sync.WaitGroup
	n := 0
	read := func() int { return n }
	for range 2 {
		wg.Go(func() { mu.RLock(); defer mu.RUnlock(); read(); read() })
	}
	wg.Go(func() { mu.Lock(); n++; mu.Unlock() })
	wg.Wait()
}

// A worker pool whose queue is closed when all is in it.
func TestPool(t *testing.T) {
	jobs, results := make(chan int), make(chan int, 6)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for j := range jobs {
				results <- j * j
			}
		})
	}
	for i := range 6 {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	close(results)
	sum := 0
	for r := range results {
		sum += r
	}
	if sum != 55 {
		t.Error(sum)
	}
}

// The lock is not held while the callback runs.
func TestCallbackWithoutLock(t *testing.T) {
	var mu sync.Mutex
	var fns []func()
	add := func(f func()) { mu.Lock(); fns = append(fns, f); mu.Unlock() }
	run := func() {
		mu.Lock()
		todo := fns
		fns = nil
		mu.Unlock()
		for _, f := range todo {
			f()
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { add(func() { add(func() {}) }) })
	wg.Go(run)
	wg.Wait()
	run()
}

// A ticker that is stopped and whose loop ends.
func TestTicker(t *testing.T) {
	tick := time.NewTicker(time.Second)
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	time.Sleep(3500 * time.Millisecond)
	tick.Stop()
	close(stop)
	<-done
}

// A timer whose channel is drained as it should be.
func TestTimerReset(t *testing.T) {
	timer := time.NewTimer(time.Second)
	c := make(chan bool, 1)
	go func() { time.Sleep(time.Second); c <- true }()
	select {
	case <-timer.C:
	case <-c:
		timer.Stop()
	}
	timer.Reset(time.Second)
	<-timer.C
}

// AfterFunc and Stop: whoever wins, the count is one.
func TestAfterFunc(t *testing.T) {
	fired := make(chan bool, 1)
	timer := time.AfterFunc(time.Millisecond, func() { fired <- true })
	time.Sleep(time.Millisecond)
	if !timer.Stop() {
		<-fired
	}
}

// A deadline that is long enough for whatever happens before it.
func TestGenerousTimeout(t *testing.T) {
	c := make(chan int)
	go func() {
		for i := range 20 {
			c <- i
			time.Sleep(10 * time.Millisecond)
		}
		close(c)
	}()
	late := time.After(5 * time.Second)
	for {
		select {
		case _, ok := <-c:
			if !ok {
				return
			}
		case <-late:
			t.Fatal("too slow")
		}
	}
}

// Errors of several goroutines are collected, the first one wins.
func TestFirstError(t *testing.T) {
	errs := make(chan error, 3)
	for i := range 3 {
		go func() {
			if i == 1 {
				errs <- errors.New("one")
				return
			}
			errs <- nil
		}()
	}
	var first error
	for range 3 {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	if first == nil {
		t.Error("no error")
	}
}

// A semaphore made of a channel.
func TestSemaphore(t *testing.T) {
	sem := make(chan bool, 2)
	var inside, most atomic.Int32
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			sem <- true
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			inside.Add(-1)
			<-sem
		})
	}
	wg.Wait()
	if most.Load() > 2 {
		t.Error(most.Load())
	}
}

// Double-checked locking with an atomic pointer.
func TestLazy(t *testing.T) {
	var mu sync.Mutex
	var p atomic.Pointer[int]
	made := 0
	get := func() *int {
		if v := p.Load(); v != nil {
			return v
		}
		mu.Lock()
		defer mu.Unlock()
		if v := p.Load(); v != nil {
			return v
		}
		made++
		v := new(int)
		p.Store(v)
		return v
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { get() })
	}
	wg.Wait()
	if made != 1 {
		t.Error(made)
	}
}

// A spinning wait that lets others run.
func TestSpin(t *testing.T) {
	var flag atomic.Bool
	go flag.Store(true)
	for !flag.Load() {
		time.Sleep(time.Microsecond)
	}
}

// A mutex given from one goroutine to another, on purpose.
func TestMutexAsSignal(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	go mu.Unlock()
	mu.Lock()
	mu.Unlock()
}

// Parallel subtests and a cleanup.
func TestParallel(t *testing.T) {
	var n atomic.Int32
	t.Cleanup(func() {
		if n.Load() != 3 {
			t.Error(n.Load())
		}
	})
	for _, name := range []string{"a", "b", "c"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n.Add(1)
		})
	}
}

// sync.Map and Pool.
func TestMapAndPool(t *testing.T) {
	var m sync.Map
	pool := sync.Pool{New: func() any { return new(int) }}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			p := pool.Get().(*int)
			*p = i
			m.LoadOrStore(i%2, *p)
			pool.Put(p)
		})
	}
	wg.Wait()
	n := 0
	m.Range(func(any, any) bool { n++; return true })
	if n != 2 {
		t.Error(n)
	}
}

// A broadcast that wakes all.
func TestBroadcast(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	open := false
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			mu.Lock()
			for !open {
				cond.Wait()
			}
			mu.Unlock()
		})
	}
	mu.Lock()
	open = true
	mu.Unlock()
	cond.Broadcast()
	wg.Wait()
}
