package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/stopwithoutdrain: whoever hands over a job hears of the stop, too.

type worker struct {
	jobs chan int
	stop chan struct{}
}

func (w *worker) run() {
	for {
		select {
		case <-w.jobs:
		case <-w.stop:
			return
		}
	}
}

func (w *worker) do(job int) {
	select {
	case w.jobs <- job:
	case <-w.stop:
	}
}

func TestStopWithoutDrain(t *testing.T) {
	w := &worker{jobs: make(chan int), stop: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(w.run)
	wg.Go(func() { w.do(1); w.do(2) })
	wg.Go(func() { close(w.stop) })
	wg.Wait()
}
