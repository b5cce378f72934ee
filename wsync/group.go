package wsync

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
)

// A Group is a set of tasks that work on parts of one thing: Wait returns when
// all have ended, with the first error among them. It has the methods of
// golang.org/x/sync/errgroup's Group. Nothing that a task does is lost: a panic
// goes on in Wait, as a [*PanicError] with the task's stack, and a Goexit counts
// as the error [ErrGoexit].
//
// The zero value is usable: no limit, no context.
type Group struct {
	tasks  WaitGroup
	cancel context.CancelCauseFunc // nil: no context
	limit  *Semaphore              // nil: none
	active atomic.Int64            // tasks that have not ended

	mu       sched.Lock // guards what follows
	err      error      // the first
	panicked *PanicError
}

// ErrGoexit is the error of a task that ended by runtime.Goexit.
var ErrGoexit = errors.New("wsync: task of a Group called Goexit")

// PanicError is what [Group.Wait] panics with when a task has panicked.
type PanicError struct {
	Value any    // of the task's panic
	Stack []byte // of the task, where it panicked
}

// Error returns the value and the stack.
func (p *PanicError) Error() string {
	return fmt.Sprintf("panic in a task of a wsync.Group: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the value if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// NewGroup returns a Group without a context.
func NewGroup() *Group { return new(Group) }

// WithContext returns a Group and a context derived from ctx that ends, with
// the error as its cause, when a task fails or Wait returns.
func WithContext(ctx context.Context) (*Group, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	return &Group{cancel: cancel}, ctx
}

// SetLimit lets no more than n tasks run at once; a negative n means any number,
// 0 none at all. It panics while tasks are running.
func (g *Group) SetLimit(n int) {
	if a := g.active.Load(); a != 0 {
		panic(fmt.Sprintf("wsync: Group.SetLimit while %d tasks are running", a))
	}
	g.limit = nil
	if n >= 0 {
		g.limit = NewSemaphore(int64(n))
	}
}

// Go calls f in a new coroutine. It waits while the limit is reached.
//
//go:noinline
func (g *Group) Go(f func() error) {
	if g.limit != nil {
		g.limit.Acquire(context.Background(), 1) // that context has no end, and so no error
	}
	g.start(f, ident.CallerPC())
}

// TryGo is Go unless the limit is reached; it reports whether it started f. It
// does not park.
//
//go:noinline
func (g *Group) TryGo(f func() error) bool {
	if g.limit != nil && !g.limit.TryAcquire(1) {
		return false
	}
	g.start(f, ident.CallerPC())
	return true
}

// Wait waits until all tasks have ended, ends the context and returns the first
// error. If a task has panicked, it panics with the first *PanicError.
func (g *Group) Wait() error {
	g.tasks.Wait()
	g.mu.Lock()
	err, panicked := g.err, g.panicked
	g.mu.Unlock()
	if g.cancel != nil {
		g.cancel(err)
	}
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// start runs f in a coroutine; pc is the call of Go, for reports.
func (g *Group) start(f func() error, pc uintptr) {
	g.active.Add(1)
	g.tasks.Add(1)
	sched.Current().Newproc(func() { g.run(f) }, pc)
}

func (g *Group) run(f func() error) {
	err := ErrGoexit // unless f returns or panics
	defer func() {
		var p *PanicError
		if v := recover(); v != nil {
			p = &PanicError{Value: v, Stack: debug.Stack()}
			err = p
		}
		if err != nil {
			g.fail(err, p)
		}
		g.active.Add(-1)
		if g.limit != nil {
			g.limit.Release(1)
		}
		g.tasks.Done()
	}()
	err = f()
}

// fail records the error of a task, and its panic if that is what it was.
func (g *Group) fail(err error, p *PanicError) {
	g.mu.Lock()
	first := g.err == nil
	if first {
		g.err = err
	}
	if g.panicked == nil {
		g.panicked = p
	}
	g.mu.Unlock()
	if first && g.cancel != nil {
		g.cancel(err)
	}
}
