package wsync

import (
	"runtime"
	"sync"
	"testing"

	"github.com/weftgo/weft/sched"
)

func BenchmarkMutexUncontended(b *testing.B) {
	run := func(mu sync.Locker, spawn func(func())) func(b *testing.B) {
		return func(b *testing.B) {
			benchIn(b, spawn, func() {
				for range b.N {
					mu.Lock()
					//lint:ignore SA2001 an empty critical section is what is measured
					mu.Unlock()
				}
			})
		}
	}
	b.Run("weft", run(new(Mutex), coroutine))
	b.Run("go", run(new(sync.Mutex), goroutine))
}

// Each of four contenders yields while it holds the mutex, so the others park.
func BenchmarkMutexHandoff(b *testing.B) {
	run := func(mu sync.Locker, wg interface {
		Add(int)
		Done()
		Wait()
	}, spawn func(func()), yield func()) func(b *testing.B) {
		return func(b *testing.B) {
			benchIn(b, spawn, func() {
				wg.Add(4)
				for range 4 {
					spawn(func() {
						for range b.N / 4 {
							mu.Lock()
							yield()
							mu.Unlock()
						}
						wg.Done()
					})
				}
				wg.Wait()
			})
		}
	}
	b.Run("weft", run(new(Mutex), new(WaitGroup), coroutine, sched.Yield))
	b.Run("go", run(new(sync.Mutex), new(sync.WaitGroup), goroutine, runtime.Gosched))
}

func BenchmarkMutexContended(b *testing.B) {
	run := func(mu sync.Locker, wg interface {
		Add(int)
		Done()
		Wait()
	}, spawn func(func())) func(b *testing.B) {
		return func(b *testing.B) {
			benchIn(b, spawn, func() {
				wg.Add(4)
				n := 0
				for range 4 {
					spawn(func() {
						for range b.N / 4 {
							mu.Lock()
							n++
							mu.Unlock()
						}
						wg.Done()
					})
				}
				wg.Wait()
			})
		}
	}
	b.Run("weft", run(new(Mutex), new(WaitGroup), coroutine))
	b.Run("go", run(new(sync.Mutex), new(sync.WaitGroup), goroutine))
}
