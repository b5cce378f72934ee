package exact

import (
	"sync"
	"testing"
	"time"
)

func TestTimers(t *testing.T) {
	var d diary
	var wg sync.WaitGroup
	start := time.Now()
	for i := range 3 {
		wg.Go(func() {
			time.Sleep(time.Duration(3-i) * time.Millisecond)
			d.note("slept", i)
		})
		wg.Add(1)
		time.AfterFunc(2*time.Millisecond, func() {
			d.note("func", i)
			wg.Done()
		})
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	stop := time.After(5 * time.Millisecond)
	for stopped := false; !stopped; {
		select {
		case <-tick.C:
			d.note("tick")
		case <-stop:
			stopped = true
		}
	}
	wg.Wait()
	d.note(time.Since(start))
	d.tell(t)
}
