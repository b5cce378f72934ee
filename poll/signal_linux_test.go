package poll_test

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
)

// Signals interrupt the system call over and over: Wait must not end before its
// time, nor be prolonged for ever.
func TestSignalsDoNotEndWait(t *testing.T) {
	for _, model := range []string{"epoll", "poll", "select", "uring"} {
		t.Run(model, func(t *testing.T) {
			p := need(t, model)
			defer p.Close()
			tid, done := make(chan int), make(chan struct{})
			const timeout = 30 * time.Millisecond
			go func() {
				runtime.LockOSThread() // for good: the thread goes with the goroutine
				defer close(done)
				tid <- unix.Gettid()
				start := time.Now()
				if n, err := p.Wait(make([]poll.Event, 4), int64(timeout)); n != 0 || err != nil {
					t.Errorf("Wait: %d, %v", n, err)
				}
				if took := time.Since(start); took < timeout {
					t.Errorf("Wait ended after %v", took)
				}
			}()
			for waiter := <-tid; ; {
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
					unix.Tgkill(unix.Getpid(), waiter, unix.SIGURG)
				}
			}
		})
	}
}
