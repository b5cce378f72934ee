package bench

import (
	"runtime"
	"sync"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

// parkedResult is what a child of parked says.
type parkedResult struct {
	NS    float64 // making, waking and joining, each
	Bytes float64 // memory of one while parked
}

func measureParked(w *workload, procs, rounds, ops int) (Row, error) {
	var sides [2][]sample
	for range rounds {
		for i, side := range []string{"weft", "go"} {
			c, err := startChild(childSpec{Work: w.name, Side: side, Procs: procs, Ops: ops})
			if err != nil {
				return Row{}, err
			}
			var r parkedResult
			if err := c.read(&r); err != nil {
				c.end()
				return Row{}, err
			}
			if err := c.end(); err != nil {
				return Row{}, err
			}
			sides[i] = append(sides[i], sample{ns: r.NS, bytes: r.Bytes})
		}
	}
	return rowOf(sides[0], sides[1], median), nil
}

func parkedChild(spec childSpec) {
	park := goParked
	if spec.Side == "weft" {
		park = weftParked
	}
	before := memory()
	start := time.Now()
	wake, join := park(spec.Ops)
	took := time.Since(start)
	each := float64(memory()-before) / float64(spec.Ops)
	start = time.Now()
	wake()
	join()
	took += time.Since(start)
	say(parkedResult{NS: float64(took) / float64(spec.Ops), Bytes: each})
}

// memory returns the bytes that heap and stacks take, after a collection.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// goParked makes n goroutines that wait, and returns when all do.
func goParked(n int) (wake, join func()) {
	var ready, gate, done sync.WaitGroup
	ready.Add(n)
	gate.Add(1)
	done.Add(n)
	fn := func() {
		ready.Done()
		gate.Wait()
		done.Done()
	}
	for range n {
		go fn()
	}
	ready.Wait()
	return gate.Done, done.Wait
}

// weftParked makes n coroutines that wait, and returns when all do.
func weftParked(n int) (wake, join func()) {
	var ready, gate, done wsync.WaitGroup
	ready.Add(n)
	gate.Add(1)
	done.Add(n)
	fn := func() {
		ready.Done()
		gate.Wait()
		done.Done()
	}
	for range n {
		weft.Go(fn)
	}
	ready.Wait()
	return gate.Done, done.Wait
}
