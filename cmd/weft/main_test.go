package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weftgo/weft/cmd/weft/internal/bench"
	"github.com/weftgo/weft/cmd/weft/internal/iolab"
	"github.com/weftgo/weft/internal/lab"
)

// weftBinary is the command as users have it, built once for all tests.
var weftBinary string

func TestMain(m *testing.M) {
	if bench.IsChild() {
		bench.Child()
	}
	if lab.IsChild() {
		iolab.Child()
	}
	os.Exit(testMain(m))
}

// catchIgnored has children find SIGINT and the like as they usually are. A shell
// without job control starts what goes into the background with SIGINT ignored,
// nohup starts everything with SIGHUP ignored, and so it would be with all that
// is started here; what is caught, a child finds at its default.
func catchIgnored() {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// patience is how long what must come may take, on the slowest of machines.
const patience = 4 * time.Minute

func testMain(m *testing.M) int {
	catchIgnored()
	dir, err := os.MkdirTemp("", "weft")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	weftBinary = filepath.Join(dir, "weft")
	build := exec.Command("go", append([]string{"build", "-o", weftBinary}, buildFlags...)...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
		return 1
	}
	if os.Getenv("GORACE") == "" { // a binary with the race detector otherwise waits a second before it ends
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	return m.Run()
}

// runWeft runs the binary to its end.
func runWeft(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(weftBinary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// site is a running weft serve.
type site struct {
	t      *testing.T
	cmd    *exec.Cmd
	addr   string // HOST:PORT
	url    string // http://HOST:PORT
	stderr *os.File
}

// serve starts weft serve on a free port and waits until it says where.
func serve(t *testing.T, args ...string) *site {
	t.Helper()
	return serveAs(t, nil, args...)
}

// serveAs is serve with a command line before the binary's name, which must
// end in exec.
func serveAs(t *testing.T, before []string, args ...string) *site {
	t.Helper()
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	line := append(before, weftBinary, "serve", "-addr", "127.0.0.1:0")
	line = append(line, "-timeout", "1h", "-idle", "1h", "-drain", "1h") // no client is too slow, unless args say so
	line = append(line, args...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &site{t: t, cmd: cmd, stderr: stderr}
	t.Cleanup(w.kill)
	said, err := bufio.NewReader(stdout).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(said), " on ")
	if err != nil || !ok {
		t.Fatalf("serve said %q (%v) and on stderr %q", said, err, w.errors())
	}
	w.url, w.addr = url, strings.TrimPrefix(url, "http://")
	return w
}

// errors returns what serve has written to stderr so far.
func (w *site) errors() string {
	b, err := os.ReadFile(w.stderr.Name())
	if err != nil {
		w.t.Error(err)
	}
	return string(b)
}

// descriptors returns how many files serve has open.
func (w *site) descriptors() int {
	w.t.Helper()
	return descriptorsOf(w.t, w.cmd.Process.Pid)
}

func descriptorsOf(t *testing.T, pid int) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Skip(err)
	}
	return len(open)
}

// signal sends sig.
func (w *site) signal(sig os.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		w.t.Fatal(err)
	}
}

// end waits for the process to end and returns how.
func (w *site) end() *os.ProcessState {
	w.t.Helper()
	timer := time.AfterFunc(patience, func() { w.cmd.Process.Signal(syscall.SIGQUIT) }) // stacks on stderr
	defer timer.Stop()
	_ = w.cmd.Wait() // the state says it
	return w.cmd.ProcessState
}

// stop ends serve as a user would and checks that all was well.
func (w *site) stop() {
	w.t.Helper()
	w.signal(syscall.SIGTERM)
	if s := w.end(); s.ExitCode() != 0 {
		w.t.Errorf("weft serve ended with %v and said %q", s, w.errors())
	}
}

func (w *site) kill() {
	if w.cmd.ProcessState == nil {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
	}
	w.stderr.Close()
}

// tree makes a directory with the files named, each with its own contents.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, contents := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(contents), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}
