package wsync

import (
	"context"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// waitContext is Park, ended by ctx with the outcome cancelled. Whichever comes
// first, the waker or the context, takes the ticket; the other does nothing.
//
// For a coroutine, a context's deadline is also a timer of its runtime: so a
// coroutine that waits for it is not taken to be deadlocked (a context's own
// timer is invisible), and under a virtual clock it need not wait.
func waitContext(ctx context.Context, w *sched.Waiter, t sched.Ticket, why trace.Reason, obj any) int {
	if ctx.Done() == nil {
		return w.Park(t, why, obj)
	}
	stop := context.AfterFunc(ctx, func() { w.Ready(t, cancelled) })
	defer stop()
	if end, ok := ctx.Deadline(); ok && w.G() != nil {
		s := sched.Current()
		timer := sched.Timer{F: func(any, uint64) { w.Ready(t, cancelled) }}
		timer.Reset(s, s.When(end), 0)
		defer timer.Stop()
	}
	return w.Park(t, why, obj)
}

// contextErr is the error of a context that has ended, by its own account or by
// its runtime's timer.
func contextErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.DeadlineExceeded
}

// parkContext waits for the end of ctx and returns its error.
func parkContext(ctx context.Context, why trace.Reason) error {
	w := sched.Self()
	waitContext(ctx, w, w.Begin(), why, nil)
	w.Release()
	return contextErr(ctx)
}
