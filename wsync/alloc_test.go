//go:build !race

package wsync

import "testing"

// What runs in steady state allocates nothing.
func TestNoAllocations(t *testing.T) {
	var mu Mutex
	var rw RWMutex
	var wg WaitGroup
	var once Once
	sem := NewSemaphore(3)
	buffered, empty := NewChan[string](1), NewChan[int](0)
	cases := []Case{OnSend(buffered, "x", nil), OnRecv(empty, nil), OnRecv(buffered, nil)}
	for name, f := range map[string]func(){
		"Mutex":      func() { pass(&mu) },
		"RWMutex":    func() { pass(rw.RLocker()); pass(&rw) },
		"WaitGroup":  func() { wg.Add(1); wg.Done(); wg.Wait() },
		"Once":       func() { once.Do(func() {}) },
		"Semaphore":  func() { sem.Acquire(t.Context(), 2); sem.Release(2) },
		"buffered":   func() { buffered.Send("x"); buffered.Recv() },
		"try":        func() { empty.TrySend(1); empty.TryRecv() },
		"select":     func() { Select(cases...); Select(cases...) },
		"select try": func() { Select(OnRecv(empty, nil), Default(nil)) },
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Parking allocates nothing either, also for one who waits on two types of
// channel, a select, a mutex and a WaitGroup in turn.
func TestNoAllocationsWhenParking(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		ping, pong, text := NewChan[int](0), NewChan[int](0), NewChan[string](0)
		quit := NewChan[struct{}](0)
		defer quit.Close()
		var turn Mutex // locked by the one, unlocked by the other
		var wg WaitGroup
		turn.Lock()
		s.spawn(func() {
			cases := []Case{OnRecv(quit, nil), OnRecv(ping, nil)}
			for Select(cases...) == 1 {
				pong.Send(1)
				text.Send("x")
				until(func() bool { return turn.word.Load()&mutexWaiters != 0 })
				turn.Unlock()
				until(func() bool { return wg.q.len(&wg.q.mu) == 1 })
				wg.Done()
			}
		})
		n := testing.AllocsPerRun(500, func() {
			ping.Send(1)
			pong.Recv()
			text.Recv()
			turn.Lock()
			wg.Add(1)
			wg.Wait()
		})
		if n != 0 {
			t.Errorf("%v allocations a round", n)
		}
	})
}
