package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// runtimeFlags are the flags of every command that runs coroutines.
type runtimeFlags struct {
	procs   int
	io      string
	trace   string
	explain bool
	viewing *observe.Runtime                // nil: nobody views the run
	served  func() (requests, conns uint64) // nil: it serves nothing
}

func (r *runtimeFlags) register(fs *flag.FlagSet) {
	fs.IntVar(&r.procs, "procs", 0, "run on `N` Ps (default GOMAXPROCS)")
	fs.StringVar(&r.io, "io", "", "I/O `MODEL`: blocking, busy, select, poll, epoll or uring (default epoll)")
	fs.StringVar(&r.trace, "trace", "", "record every scheduling decision to `FILE`; weft trace reads it")
	fs.BoolVar(&r.explain, "explain", false, "narrate every scheduling decision on stderr")
}

// check returns what is wrong with the flags. given tells which were set.
func (r *runtimeFlags) check(fs *flag.FlagSet) error {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if given["procs"] && r.procs < 1 {
		return fmt.Errorf("-procs %d: there must be at least 1 P", r.procs)
	}
	if r.procs == 0 {
		r.procs = runtime.GOMAXPROCS(0)
	}
	if given["io"] && r.io == "" {
		return fmt.Errorf("-io: name a model, such as epoll")
	}
	if err := poll.Check(r.io); err != nil {
		return fmt.Errorf("-io %s: %w", r.io, err)
	}
	return nil
}

// run runs main in a runtime as the flags say. GOMAXPROCS follows -procs, so
// that each P can have a thread.
func (r *runtimeFlags) run(env *environ, main func()) error {
	runtime.GOMAXPROCS(max(r.procs, runtime.GOMAXPROCS(0)))
	opts := []weft.Option{weft.Procs(r.procs), weft.IO(r.io)}
	var sinks []trace.Sink
	if r.trace != "" {
		f, err := os.Create(r.trace)
		if err != nil {
			return fileError(err)
		}
		defer f.Close()
		sinks = append(sinks, trace.NewWriter(f, nil))
	}
	if r.explain {
		sinks = append(sinks, trace.NewText(env.stderr, trace.TextOptions{}))
	}
	var rec *trace.Recorder
	switch {
	case r.viewing != nil:
		r.viewing.Record(sinks...)
		rec = r.viewing.Recorder
	case sinks != nil:
		rec = trace.New(trace.Options{Sinks: sinks, Served: r.served})
	default:
		return weft.Run(main, opts...)
	}
	err := weft.Run(main, append(opts, weft.Trace(rec))...)
	return errors.Join(err, rec.Stop())
}
