package sched

import "testing"

// What a dying P has counted is moved: a reader in between must not read it twice.
func TestLiveIsNeverNoneWhilePsComeAndGo(t *testing.T) {
	err := Run(func() {
		s := Current()
		done := make(chan struct{})
		wrong := make(chan int64, 1)
		go func() {
			defer close(wrong)
			for {
				select {
				case <-done:
					return
				default:
					if n := s.live(); n < 1 {
						wrong <- n
						return
					}
				}
			}
		}()
		for i := range 2000 {
			for range 4 {
				Go(func() {})
			}
			s.SetProcs(1 + i%4)
			Yield()
		}
		close(done)
		if n, bad := <-wrong; bad {
			t.Errorf("%d coroutines live, and main is", n)
		}
	}, Options{Procs: 4})
	if err != nil {
		t.Fatal(err)
	}
}
