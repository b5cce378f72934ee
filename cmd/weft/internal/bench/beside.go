package bench

import (
	"bufio"
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
	return row, nil
}

// pairs runs the rounds of w, which needs no process of its own otherwise. Who
// is first changes from pair to pair.
func (w *workload) pairs(specs []childSpec, procs, rounds, ops int) (sides [][]sample, err error) {
	var children []*child
	for _, spec := range specs {
		spec.Work, spec.Procs, spec.Ops = w.name, procs, ops
		c, err := startChild(spec)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, c.end()) }()
		children = append(children, c)
	}
	sides = make([][]sample, len(children))
	order := []int{0, 1}
	for i := range rounds + 1 {
		slices.Reverse(order)
		for _, j := range order {
			var got [2]float64
			if err := errors.Join(children[j].next(), children[j].read(&got)); err != nil {
				return nil, err
			}
			if i > 0 || rounds == 1 {
				sides[j] = append(sides[j], sample{ns: got[0], allocs: got[1]})
			}
		}
	}
	return sides, nil
}

// roundsChild does a round for each line from the parent, on the main coroutine.
func roundsChild(spec childSpec) {
	i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == spec.Work })
	if i < 0 || workloads[i].weft == nil {
		fmt.Fprintf(os.Stderr, "weft bench: this build knows no %s\n", spec.Work)
		os.Exit(1)
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		s := timed(workloads[i].weft, spec.Ops)
		say([2]float64{s.ns, s.allocs})
	}
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
