package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/internal/lab"
	"github.com/weftgo/weft/trace"
)

// Some workloads run in a process of their own, which is this program started
// again: memory is then not muddled with that of earlier rounds, and CPU time
// is the server's alone. The variable tells a process that it is such a child.
const childVar = "WEFT_BENCH_CHILD"

// childSpec is what a child is to do.
type childSpec struct {
	Work   string // a workload's name
	Side   string // weft, go
	Record bool   // weft: every decision, to a file
	Procs  int
	Ops    int

	bin string // the executable, empty: this one
}

// IsChild reports whether this process was started as a part of a benchmark.
// If so, main must call Child and do nothing else.
func IsChild() bool { return os.Getenv(childVar) != "" }

// Child does the part that the parent asked for and exits.
func Child() {
	var spec childSpec
	if err := json.Unmarshal([]byte(os.Getenv(childVar)), &spec); err != nil {
		fmt.Fprintln(os.Stderr, "weft bench:", childVar, "is for weft bench's own use:", err)
		os.Exit(1)
	}
	runtime.GOMAXPROCS(spec.Procs)
	work := map[string]func(childSpec){
		"parked": parkedChild, "http": httpChild, "serve": httpChild, "serve1k": httpChild, "idle": idleChild, "idletls": idleChild,
	}[spec.Work]
	if work == nil {
		work = roundChild
	}
	if spec.Side == "go" {
		work(spec)
	} else if err := weft.Run(func() { work(spec) }, options(spec)...); err != nil {
		fmt.Fprintln(os.Stderr, "weft bench:", err)
		os.Exit(2)
	}
	os.Exit(0)
}

// options are those of weft's side. A recording goes to a file without a name.
func options(spec childSpec) []weft.Option {
	opts := []weft.Option{weft.Procs(spec.Procs)}
	if !spec.Record {
		return opts
	}
	f, err := os.CreateTemp("", "weft-bench-")
	if err == nil {
		err = os.Remove(f.Name())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "weft bench:", err)
		os.Exit(1)
	}
	return append(opts, weft.Trace(trace.New(trace.Options{Sinks: []trace.Sink{trace.NewWriter(f, nil)}})))
}

// child is a running child: it writes one JSON value a line, and goes on with
// each line that it is sent.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	sampler *lab.Sampler // nil: the system refuses it
}

func startChild(spec childSpec) (*child, error) {
	bin := spec.bin
	if bin == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		bin = self
	}
	arg, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin)
	cmd.Env = append(slices.Clone(os.Environ()), childVar+"="+string(arg))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	sampler, _, err := lab.StartSampled(cmd.Start)
	if err != nil {
		return nil, err
	}
	return &child{cmd: cmd, in: in, out: bufio.NewReader(out), sampler: sampler}, nil
}

// next asks the child to go on.
func (c *child) next() error {
	_, err := io.WriteString(c.in, "\n")
	return err
}

// read waits for the child's next value.
func (c *child) read(v any) error {
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the child process ended early: %w", err)
	}
	return json.Unmarshal(line, v)
}

// end lets the child end and waits for it.
func (c *child) end() error {
	c.in.Close()
	defer c.sampler.Close()
	return c.cmd.Wait()
}

// say writes v for the parent.
func say(v any) {
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		os.Exit(1)
	}
}
