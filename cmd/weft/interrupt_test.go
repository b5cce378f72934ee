package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// interrupted runs weft with a TMPDIR and a cache of its own, sends it sig, and
// only it, when ready reports true, and returns how it ended and what it printed.
// Nothing may be left: no file, no child.
func interrupted(t *testing.T, sig syscall.Signal, ready func(tmp, out string) bool, args ...string) (syscall.WaitStatus, string) {
	t.Helper()
	tmp, cache := t.TempDir(), t.TempDir()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	printed := func() string {
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	cmd := exec.Command(weftBinary, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "XDG_CACHE_HOME="+cache, "GOCACHE="+goCache(t))
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal, and a process group of its own
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	for deadline := time.Now().Add(patience); !ready(tmp, printed()); {
		select {
		case <-ended:
			t.Fatalf("it has ended before: %v, %s", cmd.ProcessState, printed())
		case <-time.After(time.Millisecond):
			if time.Now().After(deadline) {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				t.Fatalf("it does not come to that: %s", printed())
			}
		}
	}
	cmd.Process.Signal(sig)
	<-ended
	// One that was killed may take a moment to go, and init one to see that.
	for deadline := time.Now().Add(patience / 8); syscall.Kill(-cmd.Process.Pid, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("a child is left")
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			break
		}
	}
	if left := below(t, tmp); left != nil {
		t.Errorf("left in TMPDIR: %v", left)
	}
	for _, name := range below(t, filepath.Join(cache, "weft", "seam")) {
		if strings.HasPrefix(name, "new") {
			t.Errorf("left in the cache: %s", name)
		}
	}
	return cmd.ProcessState.Sys().(syscall.WaitStatus), printed()
}

// goCache is where the go command keeps what it has built: XDG_CACHE_HOME would
// move it.
func goCache(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(dir))
}

// below lists what is in dir, nil if nothing is.
func below(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// newSource writes a file that was never built before, so that its build takes a while.
func newSource(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, fmt.Appendf(nil, text, time.Now().UnixNano()), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

const waits = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"ready\", %d)\n\tselect {}\n}\n"

// When the go command is at work: it makes a directory for that.
func building(tmp, out string) bool {
	found, _ := filepath.Glob(filepath.Join(tmp, "weft-*", "go-build*"))
	return found != nil
}

func TestNothingIsLeftOfAnInterruptedBuild(t *testing.T) {
	for _, c := range []struct {
		sig  syscall.Signal
		args []string
	}{
		{syscall.SIGINT, []string{"run", newSource(t, "main.go", waits)}},
		{syscall.SIGTERM, []string{"run", "-trace", filepath.Join(t.TempDir(), "trace"), newSource(t, "main.go", waits)}},
		{syscall.SIGHUP, []string{"build", "-o", filepath.Join(t.TempDir(), "out"), newSource(t, "main.go", waits)}},
	} {
		if ws, out := interrupted(t, c.sig, building, c.args...); !ws.Signaled() || ws.Signal() != c.sig {
			t.Errorf("%v: %v, %s", c.args, ws, out)
		}
	}
}

// The signal comes when weft has made its first directory: then it makes the
// overlay, and only then asks the go command to build.
func TestNothingIsLeftWhereTheOverlayWasBeingMade(t *testing.T) {
	began := func(tmp, _ string) bool { return len(below(t, tmp)) > 0 } // weft-run-..., before it
	ws, out := interrupted(t, syscall.SIGINT, began, "run", newSource(t, "main.go", waits))
	if !ws.Signaled() || ws.Signal() != syscall.SIGINT {
		t.Errorf("%v, %s", ws, out)
	}
}

// The program takes the signal while it runs; the page that stays ends by the next.
func TestNothingIsLeftWhenThePageIsEnded(t *testing.T) {
	file := newSource(t, "main.go", "package main\n\nfunc main() { println(%d) }\n")
	stays := func(_, out string) bool { return strings.Contains(out, "the page stays") }
	if ws, out := interrupted(t, syscall.SIGINT, stays, "run", "-view", "127.0.0.1:0", file); ws.ExitStatus() != 0 {
		t.Errorf("%v, %s", ws, out)
	}
}

func TestNothingIsLeftOfInterruptedTests(t *testing.T) {
	const spins = "package p\n\nimport (\n\t\"sync\"\n\t\"testing\"\n)\n\nconst made = %d\n\nfunc TestMany(t *testing.T) {\n" +
		"\tvar wg sync.WaitGroup\n\tfor range 3 {\n\t\twg.Go(func() {})\n\t}\n\twg.Wait()\n}\n"
	file := newSource(t, "p_test.go", spins)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "go.mod"), []byte("module p\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(file))
	running := func(tmp, _ string) bool {
		found, _ := filepath.Glob(filepath.Join(tmp, "weft-test*", "tmp*"))
		return found != nil
	}
	for _, ready := range []func(tmp, out string) bool{building, running} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
			ws, out := interrupted(t, sig, ready, "test", "-schedules", "1000000000", ".")
			if ws.ExitStatus() != 1 || !strings.Contains(out, "interrupted") {
				t.Errorf("%v: %v, %s", sig, ws, out)
			}
		}
	}
}
