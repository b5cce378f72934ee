// Package examples holds programs that show weft at work; its test runs them.
package examples

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// build builds the example and returns its path.
func build(t *testing.T, name string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	args := append([]string{"build", "-o", binary}, buildFlags...)
	if out, err := exec.Command("go", append(args, "./"+name)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// output runs a program that must exit with 0 and returns what it printed.
func output(t *testing.T, binary string, args ...string) (stdout, stderr string) {
	t.Helper()
	t.Setenv("GORACE", "atexit_sleep_ms=0") // don't wait for reports before the end
	var out, errs strings.Builder
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", filepath.Base(binary), args, err, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// Row 19: main returns and the process exits, whoever else is still there.
func TestHelloExitsWhenMainReturns(t *testing.T) {
	stdout, stderr := output(t, build(t, "hello"))
	if stdout != "hello, world\n" || stderr != "" {
		t.Errorf("printed %q, %q", stdout, stderr)
	}
}

// Row 18: while main sleeps the other runs.
func TestHelloSleepLetsOthersRun(t *testing.T) {
	stdout, _ := output(t, build(t, "hello"), "-sleep")
	if stdout != "hello from the other coroutine\nhello, world\n" {
		t.Errorf("printed %q", stdout)
	}
}

// Row 10: every step from entry to exit is told, in order.
func TestHelloExplainsItsLife(t *testing.T) {
	hello := build(t, "hello")
	for _, args := range [][]string{{"-explain"}, {"-explain", "-sleep"}} {
		stdout, stderr := output(t, hello, args...)
		if !strings.HasSuffix(stdout, "hello, world\n") {
			t.Errorf("%q printed %q", args, stdout)
		}
		rest := stderr
		for _, step := range lifeSteps {
			i := strings.Index(rest, step)
			if i < 0 {
				t.Fatalf("%q: no %q after the steps before it in\n%s", args, step, stderr)
			}
			rest = rest[i:]
		}
	}
}

// lifeSteps are what the narrated life of hello shows, in this order.
var lifeSteps = []string{
	"entry\n", "checks\n", "schedinit\n", "newproc(main)\n", "mstart\n",
	"runtime main\n", "sysmon\n", "initialisers\n", "main\n",
	"newproc g2 main.", "g2 (fresh", "main returned\n", "exit\n",
}

func TestEchoSendsBackWhatItGets(t *testing.T) {
	cmd := exec.Command(build(t, "echo"), "-addr", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "echo on ")
	if err != nil || !ok {
		t.Fatalf("echo said %q: %v", line, err)
	}
	for range 3 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(4 * time.Minute))
		io.WriteString(conn, "to and fro")
		conn.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(conn); string(got) != "to and fro" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestForkJoinSorts(t *testing.T) {
	if stdout, _ := output(t, build(t, "forkjoin")); stdout != "1048576 values, sorted: true\n" {
		t.Errorf("printed %q", stdout)
	}
}

func TestPipelineCountsPrimes(t *testing.T) {
	if stdout, _ := output(t, build(t, "pipeline")); stdout != "9592 primes below 100000\n" {
		t.Errorf("printed %q", stdout)
	}
}
