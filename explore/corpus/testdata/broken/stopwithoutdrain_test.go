package broken

import (
	"sync"
	"testing"
)

// The worker stops while somebody is about to hand it a job.

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
	w.jobs <- job
}

// want deadlock
func TestStopWithoutDrain(t *testing.T) {
	w := &worker{jobs: make(chan int), stop: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(w.run)
	wg.Go(func() { w.do(1); w.do(2) })
	wg.Go(func() { close(w.stop) })
	wg.Wait()
}
