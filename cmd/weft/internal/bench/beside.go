package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// measureBeside runs weft's side of w in this build and in that of bin, each a
// process of its own, in turns. The ratio is the median of those of the pairs.
func measureBeside(w *workload, bin string, procs, rounds, ops int) (Row, error) {
	specs := []childSpec{{Side: "weft"}, {Side: "weft", bin: bin}}
	pairs := w.pairs
	if w.run != nil {
		pairs = w.serveRounds
	}
	sides, err := pairs(specs, procs, rounds, ops)
	if err != nil {
		return Row{}, err
	}
	row := rowOf(sides[0], sides[1], median)
	row.BesideNS, row.GoNS, row.GoAllocs = row.GoNS, 0, 0
	var ratios []float64
	for i, s := range sides[0] {
		if s.ns > 0 {
			ratios = append(ratios, sides[1][i].ns/s.ns)
		}
	}
	row.Ratio = median(ratios)
	if len(ratios) > 0 {
		low, high := quarters(ratios)
		row.Spread = []float64{low, high}
	}
	return row, nil
}

// pairs runs the rounds of w, which needs no process of its own otherwise. Each
// round has a new process, because two of one build may differ by more than two
// builds do, by where their memory came to lie. Who is first changes from pair to pair.
func (w *workload) pairs(specs []childSpec, procs, rounds, ops int) (sides [][]sample, err error) {
	sides = make([][]sample, len(specs))
	order := []int{0, 1}
	for range rounds {
		slices.Reverse(order)
		for _, j := range order {
			spec := specs[j]
			spec.Work, spec.Procs, spec.Ops = w.name, procs, ops
			s, err := oneRound(spec)
			if err != nil {
				return nil, err
			}
			sides[j] = append(sides[j], s)
		}
	}
	return sides, nil
}

func oneRound(spec childSpec) (s sample, err error) {
	c, err := startChild(spec)
	if err != nil {
		return s, err
	}
	var got [2]float64
	err = errors.Join(c.read(&got), c.end())
	return sample{ns: got[0], allocs: got[1]}, err
}

// roundChild does one round, on the main coroutine.
func roundChild(spec childSpec) {
	i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == spec.Work })
	if i < 0 || workloads[i].weft == nil {
		fmt.Fprintf(os.Stderr, "weft bench: this build knows no %s\n", spec.Work)
		os.Exit(1)
	}
	s := timed(workloads[i].weft, spec.Ops)
	say([2]float64{s.ns, s.allocs})
}

// checkBeside returns what is wrong with o.Beside, and the workloads that run
// beside it.
func checkBeside(o Options) (names []string, err error) {
	if out, err := exec.Command(o.Beside, "version").Output(); err != nil || !strings.HasPrefix(string(out), "weft ") {
		return nil, fmt.Errorf("%s is no build of weft (go build -o FILE ./cmd/weft)", o.Beside)
	}
	for _, w := range workloads {
		if w.weft != nil || w.conns > 0 {
			names = append(names, w.name)
		}
	}
	for _, name := range o.Names {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s is not measured beside another build, only %s", name, strings.Join(names, " "))
		}
	}
	if o.Names != nil {
		names = o.Names
	}
	return names, nil
}
