package tester

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// needsMemory skips where sockets are real.
func needsMemory(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the network in memory is for Linux")
	}
	if testing.Short() {
		t.Skip("-short")
	}
}

// One set of programs, nettest's among them, passes natively and in memory, where nothing of it is out of control.
func TestTheNetworkInMemoryIsAsTheRealOne(t *testing.T) {
	needsMemory(t)
	dir := corpus("net")
	cmd := exec.Command("go", "test", "-count=1", ".")
	cmd.Dir = filepath.Join("testdata", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("on the real network: %v\n%s", err, out)
	}
	results, out := explored(t, dir, func(c *Config) {
		c.Schedules, c.Run = uint64(often(20, 1000)), "^Test([^C]|C[^o]|Connected)"
	})
	conns, more := explored(t, dir, func(c *Config) {
		c.Schedules, c.Run = uint64(often(2, 50)), "^TestConn(TCP|Unix)$"
		c.Limits.Points = 10_000_000 // it writes for 100 ms, again and again
	})
	if len(results) < 27 || len(conns) != 2 {
		t.Errorf("%d programs and %d of nettest ran\n%s%s", len(results), len(conns), out, more)
	}
	for _, all := range []map[string]Result{results, conns} {
		for test, r := range all {
			if r.Failed {
				t.Errorf("%s: %s\n%s", test, r.Kind, r.Output)
			}
		}
	}
}

func TestAWaitForTheNetworkThatNothingEndsIsADeadlock(t *testing.T) {
	needsMemory(t)
	results, out := explored(t, "network", func(c *Config) { c.Schedules, c.NoShrink = 10, true })
	want := map[string]string{
		"TestNobodyWrites": "g2 waits: IO wait: read, tcp 127.0.0.1:32769 ↔ 127.0.0.1:32768 at network_test.go:31",
		"TestNobodyDials":  "g2 waits: IO wait: accept, tcp 127.0.0.1:32768 at network_test.go:37",
		"TestNobodyReads":  "g2 waits: IO wait: write, tcp 127.0.0.1:32769 ↔ 127.0.0.1:32768 at network_test.go:44",
	}
	for test, r := range results {
		line, deadlock := want[test]
		if deadlock != (r.Kind == "deadlock") || r.Failed != deadlock || !strings.Contains(r.Output, line) {
			t.Errorf("%s: %q, want %q\n%s", test, r.Kind, line, r.Output)
		}
		if r.Failed && !r.Repeats {
			t.Errorf("%s does not repeat", test)
		}
	}
	if len(results) < 11 {
		t.Errorf("%d tests\n%s", len(results), out)
	}
}

// What nobody else can reach is reported, what somebody keeps is not.
func TestGoroutinesLeftAtSocketsAreLeaks(t *testing.T) {
	needsMemory(t)
	want, _ := wantedIn(t, filepath.Join("testdata", "sockets"))
	results, out := explored(t, "sockets", func(c *Config) { c.Schedules, c.NoShrink = 50, true })
	for test, r := range results {
		if r.Failed != (want[test] != nil) || r.Failed && (r.Kind != "leak" || !r.Repeats || !strings.Contains(r.Output, want[test][0])) {
			t.Errorf("%s: %q, repeats %v, want %q\n%s", test, r.Kind, r.Repeats, want[test], r.Output)
		}
	}
	if len(want) < 5 || len(results) < 11 {
		t.Errorf("%d tests, %d leak\n%s", len(results), len(want), out)
	}
}

// A full connection may wait for a timer of the kernel's before it goes on.
func TestTheRealNetworkIsWaitedForBeforeADeadlockIsReported(t *testing.T) {
	needsMemory(t)
	results, _ := explored(t, corpus("net"), func(c *Config) {
		c.Schedules, c.RealNet, c.NoShrink, c.Run = 2, true, true, "^TestAFullConnection"
	})
	if r := results["TestAFullConnectionBlocksItsWriter"]; r.Failed || r.Schedules != 2 {
		t.Errorf("%+v", r)
	}
}

// A child process does not reach the network in memory; the report says what does.
func TestAChildNeedsTheRealNetwork(t *testing.T) {
	needsMemory(t)
	for _, real := range []bool{false, true} {
		results, _ := explored(t, corpus("bad"), func(c *Config) {
			c.Schedules, c.NoShrink, c.Run, c.RealNet = 1, true, "^TestRealNetwork$", real
		})
		r := results["TestRealNetwork"]
		if r.Failed == real || !real && !strings.Contains(r.Output, "-realnet has the real one") {
			t.Errorf("with the real network %v: failed %v\n%s", real, r.Failed, r.Output)
		}
	}
}

func TestCheckNamesWhatIsNotInMemory(t *testing.T) {
	needsMemory(t)
	_, out := explored(t, "network", func(c *Config) { c.Schedules, c.Check, c.Run = 1, true, "Outside$|Deadline" })
	for _, want := range []string{
		"TestOutside, schedule 0: one hash", "wants from the network what is not in memory; -realnet has the real one",
		"network.TestOutside network_test.go:",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "TestDeadline") {
		t.Errorf("a read with a deadline is out of control?\n%s", out)
	}
}
