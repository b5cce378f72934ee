package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/cmd/weft/internal/tester"
	"github.com/weftgo/weft/explore"
)

var testCommand = command{
	name:  "test",
	args:  "[PACKAGES]",
	short: "run Go tests under explored schedules",
	long: `
Test builds the tests of ordinary Go packages with Go's own scheduler opened, and
runs each Test function under many schedules: which goroutine runs next, where
it is interrupted, which case a select takes, what random values come. It looks
for a schedule under which the test fails, panics, deadlocks, races (with -race)
or leaves goroutines behind that nothing can ever wake.

Time is virtual: when nothing can run, it passes at once to the next timer. The
program runs on one P, whatever it asks for.

With -view the page shows, at each decision, who could go on; a click on another
runs the schedule in which that one does, and shows how it ends, and its token.

A failure is reported with how it came about and a token. -replay TOKEN repeats
that schedule exactly. The exit status is 1 if a test failed.`,
	setup: func(fs *flag.FlagSet) func(*environ, []string) error {
		t := &testRun{}
		fs.StringVar(&t.Run, "run", "", "only tests that match this `regexp`")
		fs.StringVar(&t.Tags, "tags", "", "build tags, as for go test")
		fs.BoolVar(&t.Race, "race", false, "with the race detector")
		fs.Uint64Var(&t.Schedules, "schedules", 1000, "schedules a test")
		fs.StringVar(&t.strategy, "strategy", "portfolio", "how to choose: portfolio, random, sticky, pct or pct:DEPTH")
		fs.Uint64Var(&t.Seed, "seed", 1, "what the schedules are drawn from")
		fs.StringVar(&t.Replay, "replay", "", "repeat the schedule of this `TOKEN`")
		fs.StringVar(&t.Trace, "trace", "", "with -replay: record the schedule in `FILE`, for weft trace")
		t.view.register(fs, "view", "", "show a test's default schedule, or -replay's, on a page at `ADDR`; choose others there")
		fs.StringVar(&t.shard, "shard", "", "run part `I/N` of the schedules")
		fs.IntVar(&t.Count, "count", 1, "run the schedules of so many seeds")
		fs.BoolVar(&t.Check, "check", false, "run schedules twice and compare; name what is not under control")
		fs.BoolVar(&t.Verbose, "v", false, "tell of each test; with -replay, of each event")
		fs.BoolVar(&t.RealTime, "realtime", false, "real time instead of virtual time")
		fs.BoolVar(&t.RealNet, "realnet", false, "the real network instead of the one in memory")
		fs.BoolVar(&t.json, "json", false, "print a line of JSON for each test")
		fs.DurationVar(&t.Limits.Real, "timeout", time.Minute, "real time that a schedule may take")
		fs.Uint64Var(&t.Limits.Points, "steps", 10_000_000, "scheduling points that a schedule may have")
		fs.DurationVar(&t.Limits.Slack, "slack", time.Millisecond, "virtual time that may pass in a schedule while something could run")
		return func(env *environ, args []string) error { return t.run(env, args) }
	},
}

// testRun is one run of weft test.
type testRun struct {
	tester.Config
	strategy, shard string
	json            bool
	view            viewFlags
}

// errTestsFailed: what failed has been reported.
var errTestsFailed = errors.New("tests failed")

func (t *testRun) run(env *environ, args []string) error {
	if err := t.parse(); err != nil {
		return err
	}
	t.Patterns = args
	if len(args) == 0 {
		t.Patterns = []string{"."}
	}
	t.Jobs = tester.Jobs()
	t.Limits.Virtual = 100_000 * time.Hour
	t.Out = env.stdout
	if t.json {
		t.Out, t.JSON = env.stderr, env.stdout
	}
	t.Progress = func(string) {}
	if f, ok := env.stderr.(*os.File); ok && isTerminal(f) {
		t.Progress = func(line string) { fmt.Fprintf(f, "\r\x1b[K%s", line) }
	}
	ctx, stop := signal.NotifyContext(context.Background(), heeded(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)...)
	defer stop()
	do := func() (failed bool, err error) { return tester.Main(ctx, t.Config) }
	if t.view.addr != "" {
		do = func() (failed bool, err error) { return t.viewed(ctx, env) }
	}
	failed, err := do()
	switch {
	case ctx.Err() != nil && (err != nil || t.view.addr == ""): // a page ends so
		return errors.New("interrupted")
	case err != nil:
		return err
	case failed:
		return errTestsFailed
	}
	return nil
}

func (t *testRun) parse() error {
	name, depth, hasDepth := strings.Cut(t.strategy, ":")
	strategies := map[string]uint64{
		"portfolio": explore.StrategyPortfolio, "random": explore.StrategyRandom,
		"sticky": explore.StrategySticky, "pct": explore.StrategyPCT,
	}
	s, ok := strategies[name]
	if hasDepth {
		n, err := strconv.ParseUint(depth, 10, 8)
		if ok = ok && name == "pct" && err == nil && n >= 1 && n <= 16; ok {
			t.Depth = n
		}
	}
	if !ok {
		return fmt.Errorf("-strategy %s: say portfolio, random, sticky, pct, or pct:DEPTH with a depth of 1 to 16", t.strategy)
	}
	t.Strategy = s
	if t.shard != "" {
		i, n, ok := strings.Cut(t.shard, "/")
		a, err1 := strconv.ParseUint(i, 10, 32)
		b, err2 := strconv.ParseUint(n, 10, 32)
		if !ok || err1 != nil || err2 != nil || a < 1 || a > b {
			return fmt.Errorf("-shard %s: say I/N with I from 1 to N, such as 2/5", t.shard)
		}
		t.Shard = [2]uint64{a, b}
	}
	switch {
	case t.view.public && t.view.addr == "":
		return errors.New("-view-public is for -view: give that too")
	case t.Trace != "" && t.Replay == "":
		return errors.New("-trace records one schedule: say which with -replay TOKEN")
	case t.Schedules == 0:
		return errors.New("-schedules 0 would run nothing: say at least 1")
	case t.Limits.Real <= 0:
		return errors.New("-timeout must be more than 0")
	case t.Limits.Slack < 0:
		return errors.New("-slack must not be negative")
	}
	return nil
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}
