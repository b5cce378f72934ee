package fixed

import (
	"context"
	"sync"
	"testing"
)

// The twin of broken/forgottencancel: whoever makes a job cancels it, whatever happens.

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

func TestForgottenCancel(t *testing.T) {
	j := newJob()
	defer j.cancel()
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
}
