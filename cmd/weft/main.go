// Command weft runs Go programs with the runtime's seams open, serves files over HTTP with one coroutine a connection,
// measures weft beside goroutines, and reads recordings. See weft help.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/cmd/weft/internal/bench"
	"github.com/weftgo/weft/cmd/weft/internal/iolab"
	"github.com/weftgo/weft/internal/lab"
)

// command is one subcommand. Its flags are made anew by each call of setup,
// which returns what runs it with the arguments after the flags.
type command struct {
	name  string
	args  string // after the flags, for the usage line
	short string
	long  string
	setup func(fs *flag.FlagSet) func(env *environ, args []string) error
	// passes: what follows the first argument is not the command's own.
	passes bool
}

// commands, in the order of help.
var commands = []command{runCommand, buildCommand, testCommand, serveCommand, traceCommand, benchCommand}

// environ is what a command writes to.
type environ struct{ stdout, stderr io.Writer }

func main() {
	if bench.IsChild() {
		bench.Child()
	}
	if lab.IsChild() {
		iolab.Child()
	}
	os.Exit(run(os.Args[1:], &environ{os.Stdout, os.Stderr}))
}

// run runs the command line and returns the exit status: 0, 1 for wrong usage
// and for what stands in the way, 2 for a deadlock; or that of a program that
// was run. A panic exits with 2 too, as in every Go program.
func run(args []string, env *environ) int {
	err := dispatch(args, env)
	if err == nil {
		return 0
	}
	var deadlock *weft.DeadlockError
	if errors.As(err, &deadlock) {
		fmt.Fprintln(env.stderr, "fatal error:", deadlock)
		return 2
	}
	var exit *exitStatus
	if errors.As(err, &exit) {
		exit.die()
		return exit.code
	}
	fmt.Fprintln(env.stderr, err)
	return 1
}

// dispatch finds the command and runs it. An error is one line, which for wrong
// usage says what to do instead.
func dispatch(args []string, env *environ) error {
	if len(args) == 0 {
		return fmt.Errorf("weft: say what to do: %s; or weft help", strings.Join(names(), ", "))
	}
	name, args := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		return help(args, env)
	case "version", "-version", "--version":
		if len(args) > 0 {
			return fmt.Errorf("weft version: takes no arguments, not %q", args[0])
		}
		fmt.Fprintln(env.stdout, "weft", version(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
		return nil
	}
	c := find(name)
	if c == nil {
		return fmt.Errorf("weft: no command %q: the commands are %s; weft help tells more", name, strings.Join(names(), ", "))
	}
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	run := c.setup(fs)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return help([]string{name}, env)
	case err != nil:
		return fmt.Errorf("weft %s: %v; weft help %s lists the flags", name, err, name)
	}
	for i, arg := range fs.Args() {
		if len(arg) > 1 && arg[0] == '-' && i > 0 && !c.passes {
			return fmt.Errorf("weft %s: %s comes after an argument: flags go first", name, arg)
		}
	}
	if err := run(env, fs.Args()); err != nil {
		return fmt.Errorf("weft %s: %w", name, err)
	}
	return nil
}

func find(name string) *command {
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &commands[i]
}

func names() (all []string) {
	for _, c := range commands {
		all = append(all, c.name)
	}
	return append(all, "version", "help")
}

// help tells of all commands or of one.
func help(args []string, env *environ) error {
	if len(args) > 1 {
		return fmt.Errorf("weft help: takes one command, not %d", len(args))
	}
	if len(args) == 0 {
		fmt.Fprintln(env.stdout, "weft runs coroutines on a scheduler of its own, and opens the seams of Go's.\n\nUsage:")
		w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
		for _, c := range commands {
			fmt.Fprintf(w, "  weft %s [flags] %s\t%s\n", c.name, c.args, c.short)
		}
		fmt.Fprintf(w, "  weft version\tprint the version\n  weft help [COMMAND]\ttell more about a command\n")
		return w.Flush()
	}
	c := find(args[0])
	if c == nil {
		return fmt.Errorf("weft help: no command %q: the commands are %s", args[0], strings.Join(names(), ", "))
	}
	fmt.Fprintf(env.stdout, "usage: weft %s [flags] %s\n\n%s\n\nFlags:\n", c.name, c.args, strings.TrimSpace(c.long))
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(env.stdout)
	c.setup(fs)
	fs.PrintDefaults()
	return nil
}

// version is the module's version, as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
