// Command bench measures weft beside its peers in networking, in one run and in
// turns: what an idle keep-alive connection weighs, the CPU time of a request,
// the percentiles of the time to its answer, and the cost of a read deadline.
// It is a module of its own, so that weft doesn't depend on them.
//
//	go run -C bench .                  # all, some minutes
//	go run -C bench . -peers weft,net busy
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weftgo/weft/internal/lab"
)

// options say what is measured.
type options struct {
	what   []string // of parts
	peers  []string
	idle   []int // connections
	busy   []int
	procs  int
	rounds int
	time   time.Duration // of a round
	json   bool
}

// parts are what can be asked for, in the order of the output.
var parts = []string{"idle", "busy", "deadline"}

func main() {
	if lab.IsChild() {
		child()
	}
	os.Setenv("GNET_LOGGING_LEVEL", "5") // for the children: only what is fatal
	o, err := parse(os.Args[1:], os.Stderr)
	if err == flag.ErrHelp {
		os.Exit(0)
	}
	if err == nil {
		err = run(o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads the command line; help goes to stderr.
func parse(args []string, stderr io.Writer) (options, error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o := options{what: parts, idle: []int{9000, 15000}, busy: []int{200, 1000}}
	only := fs.String("peers", "", "`names` with commas between (default all)")
	conns := fs.String("conns", "", "`numbers` of connections with commas between (default 9000,15000 idle and 200,1000 busy)")
	quick := fs.Bool("quick", false, "do only a little, to see that it runs; the figures mean nothing")
	fs.IntVar(&o.procs, "procs", 2, "threads, loops or Ps of each server")
	fs.IntVar(&o.rounds, "rounds", 9, "rounds of each measurement")
	fs.DurationVar(&o.time, "time", time.Second, "length of a round")
	fs.BoolVar(&o.json, "json", false, "print {idle: [...], busy: [...], deadline: [...]}")
	switch err := fs.Parse(args); {
	case err == flag.ErrHelp:
		fmt.Fprintf(stderr, "usage: bench [flags] [%s]\n\nPeers:\n", strings.Join(parts, "|"))
		for _, p := range peers {
			fmt.Fprintf(stderr, "  %-11s %s\n", p.name, p.doc)
		}
		fmt.Fprintln(stderr, "\nFlags:")
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%v; bench -help lists the flags", err)
	case o.procs < 1 || o.rounds < 1 || o.time <= 0:
		return o, fmt.Errorf("-procs, -rounds and -time must be above 0")
	}
	if *quick {
		o.idle, o.busy, o.rounds, o.time = []int{100}, []int{20}, 1, 40*time.Millisecond
	}
	return o, o.choose(*only, *conns, fs.Args())
}

// choose narrows what is measured.
func (o *options) choose(only, conns string, what []string) error {
	for _, name := range what {
		if !slices.Contains(parts, name) {
			return fmt.Errorf("nothing called %q: choose from %s", name, strings.Join(parts, " "))
		}
		o.what = what
	}
	for _, p := range peers {
		o.peers = append(o.peers, p.name)
	}
	if only != "" {
		known := o.peers
		o.peers = strings.Split(only, ",")
		for _, name := range o.peers {
			if !slices.Contains(known, name) {
				return fmt.Errorf("-peers: no %q: choose from %s", name, strings.Join(known, " "))
			}
		}
	}
	if conns == "" {
		return nil
	}
	o.idle = nil
	for _, word := range strings.Split(conns, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("-conns %s: must be numbers above 0 with commas between, such as 200,1000", conns)
		}
		o.idle = append(o.idle, n)
	}
	o.busy = o.idle
	return nil
}

// results is everything that was measured.
type results struct {
	Idle     []idleRow     `json:"idle,omitempty"`
	Busy     []busyRow     `json:"busy,omitempty"`
	Deadline []deadlineRow `json:"deadline,omitempty"`

	Source string `json:"user_cpu_source,omitempty"`
}

func run(o options, w io.Writer) error {
	var r results
	for _, part := range o.what {
		var err error
		switch part {
		case "idle":
			err = measureIdle(o, func(row idleRow) { r.Idle = append(r.Idle, row) })
		case "busy":
			r.Source, err = measureBusy(o, func(row busyRow) { r.Busy = append(r.Busy, row) })
		case "deadline":
			err = measureDeadline(o, func(row deadlineRow) { r.Deadline = append(r.Deadline, row) })
		}
		if err != nil {
			return err
		}
	}
	if !o.json {
		return r.print(w)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(r)
}
