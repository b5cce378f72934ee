package wsync

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// The types of sync that have a namesake here, as interfaces: if both
// satisfy them, changing an import is enough.
type (
	mutex interface {
		sync.Locker
		TryLock() bool
	}
	rwMutex interface {
		mutex
		RLock()
		TryRLock() bool
		RUnlock()
		RLocker() sync.Locker
	}
	waitGroup interface {
		Add(delta int)
		Done()
		Wait()
		Go(f func())
	}
	cond interface {
		Wait()
		Signal()
		Broadcast()
	}
	once interface{ Do(f func()) }
)

var (
	_, _ mutex     = new(Mutex), new(sync.Mutex)
	_, _ rwMutex   = new(RWMutex), new(sync.RWMutex)
	_, _ waitGroup = new(WaitGroup), new(sync.WaitGroup)
	_, _ cond      = new(Cond), new(sync.Cond)
	_, _ once      = new(Once), new(sync.Once)

	_, _ func(sync.Locker) any                     = asAny(NewCond), asAny(sync.NewCond)
	_, _ func(func()) func()                       = OnceFunc, sync.OnceFunc
	_, _ func(func() int) func() int               = OnceValue[int], sync.OnceValue[int]
	_, _ func(func() (int, int)) func() (int, int) = OnceValues[int, int], sync.OnceValues[int, int]
)

func asAny[T any](f func(sync.Locker) T) func(sync.Locker) any {
	return func(l sync.Locker) any { return f(l) }
}

// kit is one implementation of them all.
type kit struct {
	name       string
	mutex      func() mutex
	rwMutex    func() rwMutex
	waitGroup  func() waitGroup
	cond       func(sync.Locker) cond
	once       func() once
	onceFunc   func(func()) func()
	onceValue  func(func() int) func() int
	onceValues func(func() (int, int)) func() (int, int)
}

var kits = []kit{
	{
		"weft",
		func() mutex { return new(Mutex) },
		func() rwMutex { return new(RWMutex) },
		func() waitGroup { return new(WaitGroup) },
		func(l sync.Locker) cond { return NewCond(l) },
		func() once { return new(Once) },
		OnceFunc, OnceValue[int], OnceValues[int, int],
	},
	{
		"std",
		func() mutex { return new(sync.Mutex) },
		func() rwMutex { return new(sync.RWMutex) },
		func() waitGroup { return new(sync.WaitGroup) },
		func(l sync.Locker) cond { return sync.NewCond(l) },
		func() once { return new(sync.Once) },
		sync.OnceFunc, sync.OnceValue[int], sync.OnceValues[int, int],
	},
}

// forEachKit runs body with wsync in each setting, and with sync among
// goroutines: what holds for the one must hold for the other.
func forEachKit(t *testing.T, body func(t *testing.T, s setting, k kit)) {
	for _, k := range kits {
		for _, s := range settings() {
			if k.name == "std" && s.name != "goroutines" {
				continue
			}
			t.Run(k.name+"/"+s.name, func(t *testing.T) {
				t.Helper()
				s.run(func() { body(t, s, k) })
			})
		}
	}
}

func TestMutexExcludes(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		mu, n, inside := k.mutex(), 0, atomic.Int32{}
		s.all(6, func(i int) {
			for j := range 500 {
				if j%4 != 0 || !mu.TryLock() {
					mu.Lock()
				}
				if inside.Add(1) != 1 {
					t.Error("two hold the mutex")
				}
				if j%16 == i {
					yield()
				}
				n++
				inside.Add(-1)
				mu.Unlock()
			}
		})
		if n != 3000 {
			t.Errorf("%d increments, want 3000", n)
		}
		if !mu.TryLock() || mu.TryLock() {
			t.Error("TryLock on a free or on a locked mutex is wrong")
		}
	})
}

func TestMutexMayBeUnlockedByAnother(t *testing.T) {
	reports := captureCycles(t)
	defer func() {
		for _, text := range reports() {
			t.Error(text)
		}
	}()
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		a, b := k.mutex(), k.mutex()
		a.Lock()
		b.Lock()
		s.spawn(func() {
			for range 100 {
				a.Lock()
				b.Unlock()
			}
		})
		for range 100 {
			a.Unlock()
			b.Lock()
		}
	})
}

func TestRWMutexExcludes(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		rw, n := k.rwMutex(), 0
		var readers, writers atomic.Int32
		s.all(8, func(i int) {
			for j := range 300 {
				if i < 2 {
					rw.Lock()
					if writers.Add(1) != 1 || readers.Load() != 0 {
						t.Error("a writer is not alone")
					}
					n++
					if j%8 == 0 {
						yield()
					}
					writers.Add(-1)
					rw.Unlock()
					continue
				}
				if j%4 != 0 || !rw.TryRLock() {
					rw.RLock()
				}
				readers.Add(1)
				if writers.Load() != 0 {
					t.Error("a reader beside a writer")
				}
				if j%8 == i {
					yield()
				}
				readers.Add(-1)
				rw.RUnlock()
			}
		})
		if n != 600 {
			t.Errorf("%d increments, want 600", n)
		}
		if !rw.TryLock() || rw.TryRLock() || rw.TryLock() {
			t.Error("after all are gone it must be free for one writer")
		}
	})
}

func TestRWMutexAdmitsReadersTogether(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		rw := k.rwMutex()
		var inside atomic.Int32
		rw.Lock()
		var left atomic.Int32
		left.Store(5)
		for range 5 {
			s.spawn(func() {
				l := rw.RLocker()
				l.Lock()
				inside.Add(1)
				until(func() bool { return inside.Load() == 5 }) // each waits for all
				l.Unlock()
				left.Add(-1)
			})
		}
		rw.Unlock()
		until(func() bool { return left.Load() == 0 })
	})
}

func TestRWMutexWaitingWriterKeepsReadersOut(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		rw := k.rwMutex()
		rw.RLock()
		var order atomic.Value
		done := make(chan struct{}, 2)
		s.spawn(func() {
			rw.Lock()
			order.CompareAndSwap(nil, "writer")
			rw.Unlock()
			done <- struct{}{}
		})
		until(func() bool { // until the writer waits
			if rw.TryRLock() {
				rw.RUnlock()
				return false
			}
			return true
		})
		s.spawn(func() {
			rw.RLock()
			order.CompareAndSwap(nil, "reader")
			rw.RUnlock()
			done <- struct{}{}
		})
		for range 10 {
			yield()
		}
		rw.RUnlock()
		until(func() bool { return len(done) == 2 })
		if order.Load() != "writer" {
			t.Errorf("the %s was first", order.Load())
		}
	})
}

func TestWaitGroupWaitsForAll(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		wg := k.waitGroup()
		wg.Wait() // of nothing
		for round := range 50 {
			var ended, seen atomic.Int32
			wg.Add(4)
			for range 4 {
				s.spawn(func() {
					ended.Add(1)
					wg.Done()
				})
			}
			waiters := func(int) {
				wg.Wait()
				seen.Add(ended.Load())
			}
			s.all(3, waiters)
			if seen.Load() != 12 {
				t.Errorf("round %d: Wait returned before all were done (%d)", round, seen.Load())
			}
		}
		n := 0
		wg.Go(func() { n = 1 })
		wg.Wait()
		if n != 1 {
			t.Error("Wait returned before Go's task")
		}
	})
}

func TestWaitGroupNegativeCounterPanics(t *testing.T) {
	for _, k := range kits {
		wg := k.waitGroup()
		wantPanic(t, "sync: negative WaitGroup counter", func() { wg.Done() })
	}
}

func TestCondLosesNoWakeup(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		mu := k.mutex()
		nonEmpty, nonFull := k.cond(mu), k.cond(mu)
		const limit, each = 2, 400
		queue, got := 0, 0
		s.all(6, func(i int) {
			for range each {
				mu.Lock()
				if i < 3 {
					for queue == limit {
						nonFull.Wait()
					}
					queue++
					nonEmpty.Signal()
				} else {
					for queue == 0 {
						nonEmpty.Wait()
					}
					queue--
					got++
					nonFull.Signal()
				}
				mu.Unlock()
			}
		})
		if got != 3*each || queue != 0 {
			t.Errorf("got %d of %d, %d left", got, 3*each, queue)
		}
	})
}

func TestCondWakesInOrderAndBroadcastAll(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		mu := k.mutex()
		c := k.cond(mu)
		c.Signal() // nobody waits: nothing happens
		c.Broadcast()
		var order []int
		waiting := 0
		add := func(i int) {
			s.spawn(func() {
				mu.Lock()
				waiting++
				c.Wait()
				order = append(order, i)
				mu.Unlock()
			})
			until(func() bool {
				mu.Lock()
				defer mu.Unlock()
				return waiting == i+1
			})
		}
		woken := func(n int) {
			until(func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(order) == n
			})
		}
		for i := range 5 {
			add(i)
		}
		c.Signal()
		woken(1)
		c.Signal()
		woken(2)
		c.Broadcast()
		woken(5)
		if order[0] != 0 || order[1] != 1 {
			t.Errorf("woken in the order %v", order)
		}
	})
}

func TestCopiedCondPanics(t *testing.T) {
	used, copied := NewCond(new(Mutex)), new(Cond)
	used.Signal()
	copied.self.Store(used.self.Load()) // what a copy of the struct brings along
	wantPanic(t, "sync.Cond is copied", func() { copied.Signal() })
}

func TestOnceCallsOnceAndAllWaitForIt(t *testing.T) {
	forEachKit(t, func(t *testing.T, s setting, k kit) {
		o, n := k.once(), 0
		s.all(5, func(int) {
			o.Do(func() {
				yield()
				n++
			})
			if n != 1 {
				t.Errorf("Do returned with n = %d", n)
			}
		})
		p := k.once()
		if panicOf(func() { p.Do(func() { panic("x") }) }) != "x" {
			t.Error("the panic of f is lost")
		}
		p.Do(func() { t.Error("called again after a panic") })
	})
}

func TestOnceFuncsRememberResultAndPanic(t *testing.T) {
	for _, k := range kits {
		n := 0
		f := k.onceFunc(func() { n++ })
		v := k.onceValue(func() int { n++; return n })
		vs := k.onceValues(func() (int, int) { n++; return n, -n })
		for range 3 {
			f()
			if got := v(); got != 2 {
				t.Errorf("%s: OnceValue gave %d, want 2", k.name, got)
			}
			if a, b := vs(); a != 3 || b != -3 {
				t.Errorf("%s: OnceValues gave %d, %d, want 3, -3", k.name, a, b)
			}
		}
		calls := 0
		bad := k.onceFunc(func() { calls++; panic(fmt.Sprint("call ", calls)) })
		for range 2 {
			if v := panicOf(bad); v != "call 1" {
				t.Errorf("%s: panic %v, want call 1", k.name, v)
			}
		}
	}
}
