package broken

import (
	"context"
	"sync"
	"testing"
)

// A job that finds the machine busy is given up, but its context is not cancelled.

type job struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func newJob() *job {
	j := &job{}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	go func() { <-j.ctx.Done() }() // a watcher
	return j
}

// want leak
func TestForgottenCancel(t *testing.T) {
	j := newJob()
	var mu sync.Mutex
	busy := true
	go func() {
		mu.Lock()
		busy = false
		mu.Unlock()
	}()
	mu.Lock()
	failed := busy
	mu.Unlock()
	if failed {
		return
	}
	j.cancel()
}
