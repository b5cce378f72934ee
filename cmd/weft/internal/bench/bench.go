// Package bench measures weft beside goroutines: the same work on both, in one
// run and in turns, so that a noisy machine disturbs both alike. Only the
// ratios mean something; a figure is the median of its rounds (for http
// the mean).
package bench

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/weftgo/weft"
)

// Row is the outcome of one workload on one number of Ps. Times are
// nanoseconds an operation (Unit says which); for http they are the server's
// user CPU time.
type Row struct {
	Name   string  `json:"name"`
	Procs  int     `json:"procs"`
	Unit   string  `json:"unit"`
	WeftNS float64 `json:"weft_ns"`
	GoNS   float64 `json:"go_ns"`
	Ratio  float64 `json:"ratio"` // GoNS/WeftNS: above 1, weft is faster; of the bytes if there is no time

	BesideNS float64   `json:"beside_ns,omitempty"` // of another build of weft, in place of GoNS
	Spread   []float64 `json:"spread,omitempty"`    // the quarter of the pairs with the least ratio, and with the largest, begin here

	WeftAllocs float64 `json:"weft_allocs"` // an operation
	GoAllocs   float64 `json:"go_allocs"`
	WeftBytes  float64 `json:"weft_bytes,omitempty"` // parked: memory of one
	GoBytes    float64 `json:"go_bytes,omitempty"`
	WeftSysNS  float64 `json:"weft_sys_ns,omitempty"` // http: the server's system CPU time
	GoSysNS    float64 `json:"go_sys_ns,omitempty"`

	// http: the CPU time of recorded rounds as a multiple of those that are not,
	// between the ratios at which the second quarter of the pairs begins and the last.
	Recording []float64 `json:"recording,omitempty"`
}

// Options select what is run.
type Options struct {
	Names  []string // workloads, nil: all
	Procs  []int    // Ps, nil: each workload's own
	Rounds int      // rounds of each side, 0: the workload's own
	Quick  bool     // a small fraction of the work, to see that it runs
	Beside string   // the executable of another build of weft, to run in place of goroutines
}

// workload is one line of the table.
type workload struct {
	name   string
	unit   string
	doc    string
	procs  []int
	rounds int
	ops    int // operations a round
	quick  int // the same for Options.Quick
	conns  int // of the client, for what serves

	// weft and go_ do ops operations. weft is called on the main coroutine.
	weft, go_ func(ops int)

	// run replaces weft and go_ for what is measured in processes of its own.
	run func(w *workload, procs, rounds, ops int) (Row, error)
}

// Names returns the names of the workloads with a line about each.
func Names() (names, docs []string) {
	for _, w := range workloads {
		names, docs = append(names, w.name), append(docs, w.doc)
	}
	return names, docs
}

// Run runs what o selects and calls each with every Row as it is known.
func Run(o Options, each func(Row)) error {
	if o.Beside != "" {
		names, err := checkBeside(o)
		if err != nil {
			return err
		}
		o.Names = names
	}
	for i := range workloads {
		w := &workloads[i]
		if o.Names != nil && !slices.Contains(o.Names, w.name) {
			continue
		}
		procs, rounds, ops := w.procs, w.rounds, w.ops
		if o.Procs != nil {
			procs = o.Procs
		}
		if o.Quick {
			rounds, ops = 1, w.quick
		}
		if o.Rounds > 0 {
			rounds = o.Rounds
		}
		run := measure
		if w.run != nil {
			run = w.run
		}
		if o.Beside != "" {
			run = func(w *workload, procs, rounds, ops int) (Row, error) {
				return measureBeside(w, o.Beside, procs, rounds, ops)
			}
		}
		for _, p := range procs {
			row, err := run(w, p, rounds, ops)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			row.Name, row.Procs, row.Unit = w.name, p, w.unit
			switch {
			case row.Ratio > 0:
			case row.WeftNS > 0:
				row.Ratio = row.GoNS / row.WeftNS
			case row.WeftBytes > 0: // else too short for the kernel's count of CPU time
				row.Ratio = row.GoBytes / row.WeftBytes
			}
			each(row)
		}
	}
	return nil
}

// sample is one round of one side.
type sample struct{ ns, allocs, bytes, sys float64 }

// measure runs both sides of w in turns, in this process.
func measure(w *workload, procs, rounds, ops int) (Row, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	var weftSide, goSide []sample
	for i := range rounds + 1 {
		g := timed(w.go_, ops)
		var s sample
		err := weft.Run(func() { s = timed(w.weft, ops) }, weft.Procs(procs))
		if err != nil {
			return Row{}, err
		}
		if i > 0 || rounds == 1 { // the first round warms caches and pools
			weftSide, goSide = append(weftSide, s), append(goSide, g)
		}
	}
	return rowOf(weftSide, goSide, median), nil
}

// timed runs work once and returns its cost an operation.
func timed(work func(int), ops int) sample {
	work(max(1, ops/10)) // reach a steady state: pools filled, stacks grown
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	work(ops)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	n := float64(ops)
	return sample{ns: float64(took) / n, allocs: float64(after.Mallocs-before.Mallocs) / n}
}

// rowOf condenses the rounds of both sides with the median or the mean.
func rowOf(weftSide, goSide []sample, condense func([]float64) float64) Row {
	ns := func(s sample) float64 { return s.ns }
	allocs := func(s sample) float64 { return s.allocs }
	bytes := func(s sample) float64 { return s.bytes }
	sys := func(s sample) float64 { return s.sys }
	of := func(side []sample, field func(sample) float64) float64 {
		values := make([]float64, len(side))
		for i, s := range side {
			values[i] = field(s)
		}
		return condense(values)
	}
	return Row{
		WeftNS: of(weftSide, ns), GoNS: of(goSide, ns),
		WeftAllocs: of(weftSide, allocs), GoAllocs: of(goSide, allocs),
		WeftBytes: of(weftSide, bytes), GoBytes: of(goSide, bytes),
		WeftSysNS: of(weftSide, sys), GoSysNS: of(goSide, sys),
	}
}

// median is for what other work on the machine disturbs.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}

// mean is for what is sampled: user time is told from system time by looks
// (lab.Sampler; where that is refused, the kernel's ticks), so that the split of a
// short round is coarse, and only what all rounds have together is exact enough.
func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
}
