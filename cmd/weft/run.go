package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/observe/lessons"
	"github.com/weftgo/weft/seam"
	"github.com/weftgo/weft/trace"
)

var runCommand = command{
	name:  "run",
	args:  "FILE.go...|PACKAGE|BINARY [args]",
	short: "run an ordinary Go program with Go's seams open",
	long: `
Run builds an ordinary Go program with a few insertions in Go's own runtime and
runs it: unchanged, with the arguments that follow it, on this terminal. The exit
status is the program's own, 1 if it does not compile. BINARY is one that weft
build has made.

The insertions are made in copies of the runtime's sources in the user's cache;
the first build takes some seconds more than go run, later ones do not. It needs
the go command of Go ` + seam.Supported + `. GOFLAGS, GOOS and the like hold as for go build.`,
	passes: true,
	setup: func(fs *flag.FlagSet) func(*environ, []string) error {
		r := &running{}
		r.build.register(fs)
		fs.IntVar(&r.procs, "procs", 0, "run on `N` Ps: the program gets GOMAXPROCS=N")
		fs.BoolVar(&r.explain, "explain", false, "narrate the program's life on stderr")
		fs.StringVar(&r.lang, "lang", "en", "narrate in `LANGUAGE`: "+strings.Join(trace.Languages(), " or "))
		fs.StringVar(&r.trace, "trace", "", "record every scheduling decision to `FILE`; weft trace reads it")
		r.view.register(fs, "view", "", "serve a live page of the run on `ADDR`, as 127.0.0.1:7070; it stays until SIGINT or SIGTERM")
		fs.Uint64Var(&r.seed.n, "seed", 0, "the same run each time: decided by seed `N`, in virtual time, with the network in memory")
		fs.BoolVar(&r.seed.realNet, "realnet", false, "with -seed: the real network")
		fs.BoolVar(&r.seed.hash, "hash", false, "with -seed: print the hash of all scheduling decisions on stderr")
		fs.BoolVar(&r.all, "all", false, "with -explain, -trace and -view: the runtime's own goroutines too (collector, finalizers)")
		return func(env *environ, args []string) error { return r.run(fs, env, args) }
	},
}

// running is one run of weft run.
type running struct {
	build        programFlags
	procs        int
	explain, all bool
	lang, trace  string
	view         viewFlags
	seed         seeding
}

// records reports whether the run is to be recorded.
func (r *running) records() bool { return r.explain || r.trace != "" || r.view.addr != "" }

func (r *running) run(fs *flag.FlagSet, env *environ, args []string) error {
	if err := r.check(fs, args); err != nil {
		return err
	}
	tool, err := seam.Find("")
	if err != nil {
		return err
	}
	in, stop := catch()
	defer stop()
	dir, err := tempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var bin string
	err = in.during(func(ctx context.Context) (err error) {
		bin, args, err = r.binary(ctx, env, tool, dir, args)
		return err
	})
	if err != nil {
		return err
	}
	return r.start(in, env, tool, bin, args)
}

// check returns what is wrong with the flags and arguments.
func (r *running) check(fs *flag.FlagSet, args []string) error {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if r.seed.on = given["seed"]; r.seed.on {
		r.build.set = seam.Join(seam.Events(), seam.Steer())
	}
	switch {
	case r.seed.on && r.procs > 1:
		return errors.New("-seed runs the program on one P: leave -procs out")
	case (r.seed.realNet || r.seed.hash) && !r.seed.on:
		return errors.New("-realnet and -hash are for -seed: give that too")
	case len(args) == 0:
		return errors.New("name a program: weft run FILE.go or weft run ./PACKAGE")
	case given["procs"] && r.procs < 1:
		return fmt.Errorf("-procs %d: there must be at least 1 P", r.procs)
	case !trace.HasLanguage(r.lang):
		return fmt.Errorf("-lang %s: the languages are %s", r.lang, strings.Join(trace.Languages(), " and "))
	case given["lang"] && !r.explain:
		return errors.New("-lang is for -explain: give that too")
	case r.all && !r.records():
		return errors.New("-all is for -explain, -trace and -view: give one of them")
	case r.view.public && r.view.addr == "":
		return errors.New("-view-public is for -view: give that too")
	}
	return nil
}

// binary returns the program to run, which it builds into dir unless the first
// argument is one, and the program's arguments.
func (r *running) binary(ctx context.Context, env *environ, tool *seam.Toolchain, dir string, args []string) (string, []string, error) {
	program, args := splitProgram(args)
	if info, err := os.Stat(program[0]); err == nil && info.Mode().IsRegular() && filepath.Ext(program[0]) != ".go" {
		if r.seed.on {
			return "", nil, fmt.Errorf("-seed needs other insertions than %s has: name its package", program[0])
		}
		bin, err := filepath.Abs(program[0])
		return bin, args, err
	}
	out := filepath.Join(dir, "out") + string(filepath.Separator)
	if err := r.build.run(ctx, env, tool, dir, out, program); err != nil {
		return "", nil, err
	}
	made, err := filepath.Glob(out + "*")
	if err != nil || len(made) != 1 {
		return "", nil, fmt.Errorf("%s is not a main package", strings.Join(program, " "))
	}
	return made[0], args, nil
}

// splitProgram splits args into what names the program, Go files or one
// package, and the program's arguments.
func splitProgram(args []string) (program, rest []string) {
	n := 0
	for n < len(args) && strings.HasSuffix(args[n], ".go") {
		n++
	}
	n = max(n, 1)
	return args[:n], args[n:]
}

// start runs the program to its end, recorded as the flags say.
func (r *running) start(in interrupts, env *environ, tool *seam.Toolchain, bin string, args []string) error {
	cmd := exec.Command(bin, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, env.stdout, env.stderr
	cmd.Env = os.Environ()
	if r.procs > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", r.procs))
	}
	done, err := r.seed.begin(cmd)
	if err != nil {
		return err
	}
	defer done(env)
	if !r.records() {
		return in.passThrough(cmd)
	}
	rec, err := seam.NewRecorder(tool, r.all)
	if err != nil {
		return err
	}
	sinks, finish, err := r.sinks(in, env, rec, filepath.Base(bin))
	if err != nil {
		return err
	}
	entry, err := seam.ReadEntry(tool.GOOS, bin)
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, rec.Env())
	rec.Start(entry, sinks...)
	exit := in.passThrough(cmd)
	stats, err := rec.Stop()
	r.sumUp(env, bin, stats)
	finish()
	return errors.Join(exit, err)
}

// sinks returns what the flags ask for to be given the events, and what is to be
// done when the program has ended.
func (r *running) sinks(in interrupts, env *environ, rec *seam.Recorder, name string) (sinks []trace.Sink, finish func(), err error) {
	finish = func() {}
	if r.explain {
		sinks = append(sinks, trace.NewText(env.stderr, trace.TextOptions{Symbol: rec.Symbol, Lang: r.lang}))
	}
	if r.view.addr != "" {
		live := observe.NewLive(observe.Info{ID: "main", Name: name, Host: "go", Start: time.Now()}, rec.Symbol)
		srv := observe.New(observe.Options{Token: observe.NewToken(), Lessons: lessons.All()}, live)
		stop, err := r.view.page(&environ{env.stderr, env.stderr}, srv) // stdout is the program's
		if err != nil {
			return nil, nil, fmt.Errorf("-view %w", err)
		}
		sinks = append(sinks, live)
		finish = func() {
			defer stop()
			fmt.Fprintln(env.stderr, "weft run: the program has ended; the page stays until SIGINT or SIGTERM")
			in.during(func(ctx context.Context) error { <-ctx.Done(); return nil })
		}
	}
	if r.trace != "" {
		f, err := os.Create(r.trace)
		if err != nil {
			return nil, nil, fileError(err)
		}
		sinks = append(sinks, closing{trace.NewWriter(f, rec.Symbol), f})
	}
	return sinks, finish, nil
}

// closing is a Writer that closes its file with it.
type closing struct {
	*trace.Writer
	file *os.File
}

func (c closing) Close() error { return errors.Join(c.Writer.Close(), c.file.Close()) }

// sumUp says of a recording what it does not show.
func (r *running) sumUp(env *environ, bin string, s seam.Stats) {
	if !s.Started {
		fmt.Fprintf(env.stderr, "weft run: %s has recorded nothing: was it made by weft build?\n", bin)
	}
	if s.Lost > 0 {
		fmt.Fprintf(env.stderr, "weft run: %d events were lost, because they came faster than they could be taken\n", s.Lost)
	}
	if r.explain && s.Folded > 0 {
		fmt.Fprintf(env.stderr, "weft run: %d events of the runtime's own goroutines are not shown; -all shows them\n", s.Folded)
	}
}

var buildCommand = command{
	name:  "build",
	args:  "FILE.go...|PACKAGE...",
	short: "build an ordinary Go program with Go's seams open",
	long: `
Build makes a binary as weft run does, and keeps it; of several packages, one
each in the directory that -o names. It runs as any other, and weft run BINARY
records it. Until it is recorded each insertion costs one branch.

On Linux it records without weft too: WEFT_TRACE=FILE in its environment has it
write FILE, which weft trace reads, until some two million events are in it; the
rest are lost and counted. GOMAXPROCS is what -procs sets. The program itself
does not see WEFT_TRACE.`,
	setup: func(fs *flag.FlagSet) func(*environ, []string) error {
		b := &programFlags{}
		b.register(fs)
		out := fs.String("o", "", "write the binary to `OUT` (default: as go build names it)")
		return func(env *environ, args []string) error {
			if len(args) == 0 {
				return errors.New("name a program: weft build FILE.go or weft build ./PACKAGE")
			}
			tool, err := seam.Find("")
			if err != nil {
				return err
			}
			in, stop := catch()
			defer stop()
			dir, err := tempDir()
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			return in.during(func(ctx context.Context) error { return b.run(ctx, env, tool, dir, *out, args) })
		}
	},
}

// programFlags are the flags of every command that builds an ordinary program.
type programFlags struct {
	race bool
	tags string
	set  seam.Set // what is inserted; empty: what records
}

func (b *programFlags) register(fs *flag.FlagSet) {
	fs.BoolVar(&b.race, "race", false, "build with the race detector")
	fs.StringVar(&b.tags, "tags", "", "build with these `TAGS`, separated by commas")
}

// tempDir makes a directory for what is not to stay, where the go command makes its own.
func tempDir() (string, error) { return os.MkdirTemp(os.Getenv("GOTMPDIR"), "weft-run-") }

// run builds program to out, with temp for what is not to stay. What the go command says about it goes to stderr,
// and ends weft with status 1 as it would end go run.
func (b *programFlags) run(ctx context.Context, env *environ, tool *seam.Toolchain, temp, out string, program []string) error {
	set := b.set
	if set.Name == "" {
		set = seam.Events()
	}
	overlay, err := tool.Prepare(set)
	if err != nil {
		return err
	}
	overlay.Temp = temp
	var args []string
	if out != "" {
		args = append(args, "-o", out)
	}
	if b.race {
		args = append(args, "-race")
	}
	if b.tags != "" {
		args = append(args, "-tags", b.tags)
	}
	cmd := overlay.Command(ctx, "build", append(append(args, "--"), program...)...)
	cmd.Stdout, cmd.Stderr = env.stderr, env.stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &exitStatus{code: 1}
	}
	return err
}
