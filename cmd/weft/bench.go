package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/weftgo/weft/cmd/weft/internal/bench"
)

var benchCommand = command{
	name:  "bench",
	args:  "[NAME...]",
	short: "weft beside goroutines, in one run",
	long: `
Bench does the same work with weft and with goroutines, in turns, and prints
both times and their ratio: above 1, weft is faster. On a machine that does
other things too only the ratios mean something. Without names it runs all:

` + benchList() + `
-beside FILE measures weft alone, in two builds of this command: in this one and
in FILE, each work in turns. The ratio is then the median of those of the pairs:
above 1, this build is faster.

io is the I/O lab, and runs alone: one handler under every I/O model (-io of
serve), 50 busy connections among 0 to 9,000 idle ones. CPU is the server's for
a request; how it is split between user and system is an estimate.
`,
	setup: func(fs *flag.FlagSet) func(*environ, []string) error {
		b := &benching{}
		fs.BoolVar(&b.json, "json", false, "print an array of {name, procs, weft_ns, go_ns, ratio, ...}")
		fs.StringVar(&b.procs, "procs", "", "numbers of Ps, such as `1,2` (default: as fits the work)")
		fs.IntVar(&b.rounds, "rounds", 0, "rounds of each side, of which the median is shown, of http the mean (default: as fits the work)")
		fs.BoolVar(&b.quick, "quick", false, "do only a little work, to see that it runs; the figures mean nothing")
		fs.StringVar(&b.chart, "chart", "", "also draw the table of io as an SVG picture in `FILE`")
		fs.StringVar(&b.beside, "beside", "", "compare with the weft command in `FILE`, another build, not with goroutines")
		return func(env *environ, args []string) error { return b.run(env, args) }
	},
}

// benching is one run of weft bench.
type benching struct {
	json, quick bool
	procs       string
	chart       string
	beside      string
	rounds      int
}

func benchList() string {
	var b strings.Builder
	names, docs := bench.Names()
	for i, name := range names {
		fmt.Fprintf(&b, "  %-9s %s\n", name, docs[i])
	}
	return b.String()
}

func (b *benching) run(env *environ, args []string) error {
	o := bench.Options{Rounds: b.rounds, Quick: b.quick, Beside: b.beside}
	known, _ := bench.Names()
	onIO := len(args) == 1 && args[0] == ioBench
	for _, name := range args {
		if name == ioBench && !onIO {
			return fmt.Errorf("%s runs alone, not beside others", ioBench)
		}
		if !slices.Contains(known, name) && !onIO {
			return fmt.Errorf("no benchmark %q: choose from %s %s", name, strings.Join(known, " "), ioBench)
		}
		o.Names = append(o.Names, name)
	}
	if b.rounds < 0 {
		return fmt.Errorf("-rounds %d: must not be negative", b.rounds)
	}
	for s := range strings.SplitSeq(b.procs, ",") {
		if b.procs == "" {
			break
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1024 {
			return fmt.Errorf("-procs %s: must be numbers from 1 to 1024 with commas between, such as 1,2", b.procs)
		}
		o.Procs = append(o.Procs, n)
	}
	if onIO && b.beside != "" {
		return fmt.Errorf("%s is not measured beside another build", ioBench)
	}
	if onIO {
		return b.runIO(env, o.Procs)
	}
	if b.chart != "" {
		return fmt.Errorf("-chart draws only the table of %s: weft bench -chart %s %s", ioBench, b.chart, ioBench)
	}
	if b.json {
		return b.printJSON(env.stdout, o)
	}
	other := "goroutines"
	if b.beside != "" {
		other = "beside"
	}
	begin := sync.OnceFunc(func() {
		printRow(env.stdout, []string{"name", "procs", "weft", other, "ratio", "an operation", "allocs", "more"})
	})
	return bench.Run(o, func(r bench.Row) {
		begin()
		printRow(env.stdout, columns(r))
	})
}

func (b *benching) printJSON(w io.Writer, o bench.Options) error {
	rows := []bench.Row{}
	if err := bench.Run(o, func(r bench.Row) { rows = append(rows, r) }); err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(rows)
}

// columns says one row in words.
func columns(r bench.Row) []string {
	allocs, more := fmt.Sprintf("%.2f / %.2f", r.WeftAllocs, r.GoAllocs), ""
	if r.Spread != nil {
		more = fmt.Sprintf("half of the pairs: %.3f to %.3f", r.Spread[0], r.Spread[1])
		return []string{r.Name, strconv.Itoa(r.Procs), nanos(r.WeftNS), nanos(r.BesideNS),
			fmt.Sprintf("%.3f", r.Ratio), r.Unit, fmt.Sprintf("%.2f", r.WeftAllocs), more}
	}
	if r.WeftBytes > 0 {
		allocs, more = "", fmt.Sprintf("bytes each: %.0f / %.0f", r.WeftBytes, r.GoBytes)
	}
	if r.WeftSysNS > 0 {
		allocs, more = "", fmt.Sprintf("all CPU: %s / %s", nanos(r.WeftNS+r.WeftSysNS), nanos(r.GoNS+r.GoSysNS))
	}
	if c := r.Recording; c != nil {
		more += fmt.Sprintf("; recorded: × %.3f (half of the pairs: %.2f to %.2f)", c[1], c[0], c[2])
	}
	weft, goroutines := nanos(r.WeftNS), nanos(r.GoNS)
	if r.WeftNS == 0 && r.WeftBytes > 0 {
		weft, goroutines = "", ""
	}
	return []string{r.Name, strconv.Itoa(r.Procs), weft, goroutines,
		fmt.Sprintf("%.2f", r.Ratio), r.Unit, allocs, more}
}

func printRow(w io.Writer, c []string) {
	line := fmt.Sprintf("%-9s %5s %10s %10s %6s  %-12s  %-13s %s", c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7])
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

// nanos writes a time with the unit that fits it.
func nanos(ns float64) string {
	switch {
	case ns < 1e4:
		return fmt.Sprintf("%.1f ns", ns)
	case ns < 1e7:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.1f ms", ns/1e6)
}
