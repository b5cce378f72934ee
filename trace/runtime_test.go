package trace_test

import (
	"strings"
	"testing"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wsync"
)

// A real runtime's recording tells each coroutine's life in an order that is
// possible.
func TestRecordingOfARuntimeIsInOrder(t *testing.T) {
	rec := trace.New(trace.Options{})
	rec.Start()
	err := weft.Run(func() {
		c, done := wsync.NewChan[int](0), wsync.NewChan[int](10)
		for range 50 {
			weft.Go(func() {
				for range 100 {
					c.Send(1)
					weft.Yield()
				}
				done.Send(1)
			})
			weft.Go(func() {
				for range 100 {
					c.Recv()
				}
				done.Send(1)
			})
		}
		for range 100 {
			done.Recv()
		}
	}, weft.Procs(4), weft.Trace(rec))
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Stop(); err != nil {
		t.Fatal(err)
	}
	lives := map[uint64]string{}
	for i, e := range rec.Events() {
		g, next, from := step(e)
		if next == "" {
			continue
		}
		if !strings.Contains(from, lives[g]) || lives[g] == "" && e.Kind != trace.KGoCreate {
			t.Errorf("event %d, %v: g%d was %q", i, e.Kind, g, lives[g])
		}
		lives[g] = next
	}
	if len(lives) != 101 {
		t.Errorf("%d coroutines, made 101", len(lives))
	}
}

// step returns which coroutine an event moves to which state, and from which
// states it may.
func step(e trace.Event) (g uint64, next, from string) {
	switch e.Kind {
	case trace.KGoCreate:
		return e.A, "runnable", ""
	case trace.KGoStart: // parked: was readied before it had left its stack
		return e.G, "running", "runnable parked"
	case trace.KGoPark:
		return e.G, "parked", "running"
	case trace.KGoReady:
		return e.A, "runnable", "parked"
	case trace.KGoYield:
		return e.G, "runnable", "running"
	case trace.KGoExit:
		return e.G, "dead", "running"
	}
	return 0, "", ""
}
