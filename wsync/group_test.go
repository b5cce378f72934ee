package wsync

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

func TestGroupWaitsAndGivesTheFirstError(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		first, second := errors.New("first"), errors.New("second")
		g, ctx := WithContext(t.Context())
		var ended atomic.Int32
		failed := NewChan[struct{}](0)
		g.Go(func() error { failed.Close(); return first })
		g.Go(func() error {
			failed.Recv()
			wait := NewChan[int](0)
			if _, _, err := wait.RecvContext(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the context did not end: %v", err)
			}
			ended.Add(1)
			return second
		})
		g.Go(func() error { ended.Add(1); return nil })
		if err := g.Wait(); err != first {
			t.Errorf("Wait = %v, want first", err)
		}
		if ended.Load() != 2 || context.Cause(ctx) != first {
			t.Errorf("%d tasks ended, cause %v", ended.Load(), context.Cause(ctx))
		}
	})
}

func TestGroupWithoutErrorEndsItsContext(t *testing.T) {
	g, ctx := WithContext(t.Context())
	g.Go(func() error { return nil })
	if err := g.Wait(); err != nil || ctx.Err() == nil {
		t.Errorf("Wait = %v, context's error %v", err, ctx.Err())
	}
}

func TestGroupPanicGoesOnInWait(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		g := NewGroup()
		var ended atomic.Bool
		cause := errors.New("cause")
		g.Go(func() error { panicInTask(cause); return nil })
		g.Go(func() error { yield(); ended.Store(true); return nil })
		v := panicOf(func() { g.Wait() })
		p, ok := v.(*PanicError)
		if !ok || !errors.Is(p, cause) || !strings.Contains(string(p.Stack), "panicInTask") {
			t.Errorf("Wait panicked with %v, want the task's panic and its stack", v)
		}
		if !ended.Load() {
			t.Error("Wait panicked before the other task had ended")
		}
	})
}

//go:noinline
func panicInTask(err error) { panic(err) }

func TestGroupTaskThatGoexitsIsAnError(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		g, ctx := WithContext(t.Context())
		g.Go(func() error { runtime.Goexit(); return nil })
		if err := g.Wait(); err != ErrGoexit || context.Cause(ctx) != ErrGoexit {
			t.Errorf("Wait = %v, cause %v", err, context.Cause(ctx))
		}
	})
}

func TestGroupLimit(t *testing.T) {
	forEachSetting(t, func(t *testing.T, s setting) {
		var g Group
		g.SetLimit(2)
		var now, most atomic.Int32
		for range 20 {
			g.Go(func() error {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				yield()
				now.Add(-1)
				return nil
			})
		}
		g.Wait()
		if most.Load() > 2 {
			t.Errorf("%d tasks at once, limit 2", most.Load())
		}
		hold := NewChan[int](0)
		recv := func() error { hold.Recv(); return nil }
		for i, want := range []bool{true, true, false} {
			if g.TryGo(recv) != want {
				t.Errorf("TryGo %d with a limit of 2: want %v", i+1, want)
			}
		}
		if panicOf(func() { g.SetLimit(1) }) == nil {
			t.Error("SetLimit while tasks run did not panic")
		}
		hold.Close()
		g.Wait()
		g.SetLimit(0)
		if g.TryGo(recv) {
			t.Error("TryGo started a task with limit 0")
		}
	})
}
