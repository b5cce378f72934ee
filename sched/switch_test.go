package sched

import (
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"
)

// g0Place is in whose place the g0 of the caller's M rests.
func g0Place() *stk { return self().m.stk.at }

func TestTwoThatWakeEachOtherGoStraightToOneAnother(t *testing.T) {
	undisturbed(t, procs(1), func(*Sched) {
		var a, b slot
		var mine, its []*stk
		Go(func() {
			for range 10 {
				a.wait()
				its = append(its, g0Place())
				b.ready()
			}
		})
		for range 10 {
			a.ready()
			b.wait()
			mine = append(mine, g0Place())
		}
		same := 0
		for i := range mine {
			if mine[i] == its[i] {
				same++ // g0 has not run in between
			}
		}
		if same < 8 {
			t.Errorf("of 10 ways from one to the other %d were straight", same)
		}
	})
}

func TestAParkIsCommittedByTheOneThatGoesOn(t *testing.T) {
	undisturbed(t, procs(1), func(*Sched) {
		var a slot
		main := Getg()
		var seen Status
		Go(func() {
			seen = main.Status()
			a.ready()
		})
		a.wait()
		if seen != Gwaiting {
			t.Errorf("the one that went on saw the one that left %v", seen)
		}
	})
}

// Two that have gone straight to one another rest in each other's places. One
// that ends by Goexit there waits until the other moves, and no longer.
func TestStacksThatEndAwayFromHomeAreEndedInTheEnd(t *testing.T) {
	for _, p := range []int{1, 2, 8} {
		var deferred atomic.Int64
		run(t, procs(p), func() {
			s := Current()
			for range 50 {
				var g wg
				for i := range 40 {
					g.add(2)
					var a, b slot
					Go(func() {
						defer g.done()
						defer deferred.Add(1)
						for range i % 7 {
							a.ready()
							b.wait()
						}
						a.ready()
						runtime.Goexit()
					})
					Go(func() {
						defer g.done()
						defer deferred.Add(1)
						for range i % 7 {
							a.wait()
							b.ready()
						}
						a.wait()
						runtime.Goexit()
					})
				}
				g.wait()
			}
			if n := s.nstk.Load(); n > 500 {
				t.Errorf("%d Ps: %d stacks are left of 4000 that have ended", p, n)
			}
		})
		if deferred.Load() != 4000 {
			t.Fatalf("%d Ps: %d of 4000 deferred calls", p, deferred.Load())
		}
	}
}

// A million of them are parked at times. Go allocates 96 and 17 times 104 bytes
// without a rest, or nearly.
func TestSizeOfACoroutine(t *testing.T) {
	if size := unsafe.Sizeof(stk{}); size > 96 {
		t.Errorf("a stack has %d bytes", size)
	}
	if size := unsafe.Sizeof(G{}); size > 104 {
		t.Errorf("a G has %d bytes", size)
	}
}
