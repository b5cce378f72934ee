package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

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
		fs.BoolVar(&r.all, "all", false, "with -explain and -trace: the runtime's own goroutines too (collector, finalizers)")
		return func(env *environ, args []string) error { return r.run(fs, env, args) }
	},
}

// running is one run of weft run.
type running struct {
	build        programFlags
	procs        int
	explain, all bool
	lang, trace  string
}

func (r *running) run(fs *flag.FlagSet, env *environ, args []string) error {
	if err := r.check(fs, args); err != nil {
		return err
	}
	tool, err := seam.Find("")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weft-run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, args, err := r.binary(env, tool, dir, args)
	if err != nil {
		return err
	}
	return r.start(env, tool, bin, args)
}

// check returns what is wrong with the flags and arguments.
func (r *running) check(fs *flag.FlagSet, args []string) error {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case len(args) == 0:
		return errors.New("name a program: weft run FILE.go or weft run ./PACKAGE")
	case given["procs"] && r.procs < 1:
		return fmt.Errorf("-procs %d: there must be at least 1 P", r.procs)
	case !trace.HasLanguage(r.lang):
		return fmt.Errorf("-lang %s: the languages are %s", r.lang, strings.Join(trace.Languages(), " and "))
	case given["lang"] && !r.explain:
		return errors.New("-lang is for -explain: give that too")
	case r.all && !r.explain && r.trace == "":
		return errors.New("-all is for -explain and -trace: give one of them")
	}
	return nil
}

// binary returns the program to run, which it builds into dir unless the first
// argument is one, and the program's arguments.
func (r *running) binary(env *environ, tool *seam.Toolchain, dir string, args []string) (string, []string, error) {
	program, args := splitProgram(args)
	if info, err := os.Stat(program[0]); err == nil && info.Mode().IsRegular() && filepath.Ext(program[0]) != ".go" {
		bin, err := filepath.Abs(program[0])
		return bin, args, err
	}
	if err := r.build.run(env, tool, dir+string(filepath.Separator), program); err != nil {
		return "", nil, err
	}
	made, err := filepath.Glob(filepath.Join(dir, "*"))
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
func (r *running) start(env *environ, tool *seam.Toolchain, bin string, args []string) error {
	cmd := exec.Command(bin, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, env.stdout, env.stderr
	cmd.Env = os.Environ()
	if r.procs > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", r.procs))
	}
	if !r.explain && r.trace == "" {
		return passThrough(cmd)
	}
	rec, err := seam.NewRecorder(tool, r.all)
	if err != nil {
		return err
	}
	var sinks []trace.Sink
	if r.explain {
		sinks = append(sinks, trace.NewText(env.stderr, trace.TextOptions{Symbol: rec.Symbol, Lang: r.lang}))
	}
	if r.trace != "" {
		f, err := os.Create(r.trace)
		if err != nil {
			return fileError(err)
		}
		defer f.Close()
		sinks = append(sinks, trace.NewWriter(f, rec.Symbol))
	}
	entry, err := seam.ReadEntry(tool.GOOS, bin)
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, rec.Env())
	rec.Start(entry, sinks...)
	exit := passThrough(cmd)
	stats, err := rec.Stop()
	if err != nil {
		return errors.Join(exit, err)
	}
	r.sumUp(env, bin, stats)
	return exit
}

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

// exitStatus is how a program that weft has run came to its end, when that is
// to be weft's own end too.
type exitStatus struct {
	code   int
	signal syscall.Signal // that killed it, 0 for none
}

func (e *exitStatus) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// passThrough runs cmd as if it stood in weft's place: the signals that weft
// gets go to it, and its end is weft's.
func passThrough(cmd *exec.Cmd) error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedSignals...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if !fromTerminal(s) {
					cmd.Process.Signal(s)
				}
			case <-done:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(done)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	status := &exitStatus{code: exit.ExitCode()}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		status.signal = ws.Signal()
		status.code = 128 + int(status.signal)
	}
	return status
}

var passedSignals = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// fromTerminal reports whether the terminal sent s, to every process in the
// foreground: then the program has it already.
func fromTerminal(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT && s != syscall.SIGWINCH {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	return foreground(tty)
}

// die ends weft by the signal that ended the program, if it is one of those that
// simply end a process, so that a shell sees it.
func (e *exitStatus) die() {
	switch e.signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
	default:
		return
	}
	signal.Reset(e.signal)
	syscall.Kill(os.Getpid(), e.signal)
	time.Sleep(time.Second) // another thread may be the one to get it
}

var buildCommand = command{
	name:  "build",
	args:  "FILE.go...|PACKAGE...",
	short: "build an ordinary Go program with Go's seams open",
	long: `
Build makes a binary as weft run does, and keeps it; of several packages, one
each in the directory that -o names. It runs as any other, and weft run BINARY
records it. Until it is recorded each insertion costs one branch.`,
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
			return b.run(env, tool, *out, args)
		}
	},
}

// programFlags are the flags of every command that builds an ordinary program.
type programFlags struct {
	race bool
	tags string
}

func (b *programFlags) register(fs *flag.FlagSet) {
	fs.BoolVar(&b.race, "race", false, "build with the race detector")
	fs.StringVar(&b.tags, "tags", "", "build with these `TAGS`, separated by commas")
}

// run builds program to out. What the go command says about it goes to stderr,
// and ends weft with status 1 as it would end go run.
func (b *programFlags) run(env *environ, tool *seam.Toolchain, out string, program []string) error {
	overlay, err := tool.Prepare(seam.Events())
	if err != nil {
		return err
	}
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
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cmd := overlay.Command(ctx, "build", append(append(args, "--"), program...)...)
	cmd.Stdout, cmd.Stderr = env.stderr, env.stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &exitStatus{code: 1}
	}
	return err
}
