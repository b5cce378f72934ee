package sched

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weftgo/weft/clock"
	"github.com/weftgo/weft/trace"
)

// stands reports whether the calls of p are in a function of that name.
func (p *ParkedG) stands(name string) bool {
	frames := runtime.CallersFrames(p.Stack)
	for more := true; more; {
		var f runtime.Frame
		if f, more = frames.Next(); strings.HasSuffix(f.Function, name) {
			return true
		}
	}
	return false
}

//go:noinline
func waitIn(s *slot) { s.wait() }

// parkedAs waits until the coroutine id is parked, and tells of it.
func parkedAs(s *Sched, id uint64) ParkedG {
	for {
		if p, _ := s.Parked(id, 1); len(p) == 1 {
			return p[0]
		}
		Yield()
	}
}

func TestAParkedCoroutineTellsWhereItStands(t *testing.T) {
	for _, n := range []int{1, 2} {
		run(t, procs(n), func() {
			var s slot
			var g wg
			g.add(1)
			sc := Getg().sched
			var id atomic.Uint64
			Go(func() { id.Store(Getg().ID()); waitIn(&s); g.done() })
			for id.Load() == 0 {
				Yield()
			}
			for range 3 { // it goes on as it was, and can be looked at again
				p := parkedAs(sc, id.Load())
				if !p.stands("sched.waitIn") || p.Reason != trace.WaitUser || p.Parent != 1 || !strings.Contains(p.Entry, "WhereItStands") {
					t.Errorf("%+v", p)
				}
			}
			if all, ok := sc.Parked(0, 10); !ok || len(all) != 1 {
				t.Errorf("%d are parked, %t", len(all), ok)
			}
			if none, ok := sc.Parked(0, 0); !ok || len(none) != 0 {
				t.Errorf("a limit of 0 gives %d", len(none))
			}
			s.ready()
			g.wait()
		})
	}
}

func TestALookerMayBeLockedToItsThread(t *testing.T) {
	run(t, procs(2), func() {
		var s slot
		sc := Getg().sched
		seen := make(chan ParkedG)
		go func() {
			runtime.LockOSThread()
			p := parkedAs(sc, 1)
			s.ready()
			seen <- p
		}()
		waitIn(&s)
		if p := <-seen; !p.stands("sched.waitIn") {
			t.Errorf("%+v", p)
		}
	})
}

// Everybody wakes everybody, is looked at all the time, and the run ends while
// lookers are at it.
func TestLookingLosesNoWakeUp(t *testing.T) {
	const rounds, looks = 500, 2000
	for _, n := range []int{1, 2, 4} {
		var sc *Sched
		stop := make(chan struct{})
		var lookers sync.WaitGroup
		var looked atomic.Int64
		if err := Run(func() {
			sc = Getg().sched
			for range 2 {
				lookers.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						p, _ := sc.Parked(0, 64)
						looked.Add(int64(len(p)))
					}
				})
			}
			var g wg
			for range 8 {
				var a, b slot
				last := false // handed over by a
				g.add(2)
				Go(func() {
					for i := 0; !last; i++ {
						last = i >= rounds && looked.Load() >= looks
						a.ready()
						b.wait()
					}
					g.done()
				})
				Go(func() {
					for end := false; !end; {
						a.wait()
						end = last
						b.ready()
					}
					g.done()
				})
			}
			for range 20 {
				Go(waitForNobody) // unwound at the end
			}
			g.wait()
		}, procs(n)); err != nil {
			t.Error(err)
		}
		close(stop)
		lookers.Wait()
	}
}

func TestADeadlockIsReportedAlthoughSomebodyLooks(t *testing.T) {
	var sc atomic.Pointer[Sched]
	begun, stop := make(chan struct{}), make(chan struct{})
	go func() {
		<-begun
		for i := 0; i < 200; i++ { // while it is looked at nobody is sure, so this ends
			sc.Load().Parked(0, 10)
		}
		close(stop)
	}()
	err := Run(func() {
		sc.Store(Getg().sched)
		close(begun)
		newprocHere(waitForNobody)
		waitForNobody()
	}, procs(2))
	var d *DeadlockError
	if !errors.As(err, &d) || len(d.Parked) != 2 || !d.Parked[0].stands("waitForNobody") || !d.Parked[1].stands("waitForNobody") {
		t.Errorf("got %v, want a deadlock of two", err)
	}
	<-stop
}

func TestARepeatableRunIsNotLookedAt(t *testing.T) {
	o := procs(1)
	o.Clock = clock.NewVirtual()
	run(t, o, func() {
		if _, ok := Getg().sched.Parked(0, 10); ok {
			t.Error("a look at a run with a virtual clock")
		}
	})
}

// What recording where a coroutine parks adds to each park.
func BenchmarkCallSite(b *testing.B) {
	for b.Loop() {
		callSite()
	}
}
