package main

import (
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A seed repeats what an ordinary program prints and every decision of its scheduler, recorded or not; another seed does not.
func TestASeedRepeatsAProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it builds the standard library anew")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the network in memory is for Linux")
	}
	said := map[string]string{} // by what the hash line says
	hashes := map[string]string{}
	for _, seed := range []string{"0", "1", "2"} {
		for n := range 3 {
			flags := []string{"run", "-seed", seed, "-hash"}
			if n == 2 {
				flags = append(flags, "-trace", filepath.Join(t.TempDir(), "trace"))
			}
			stdout, stderr, status := runWeft(t, append(flags, "./testdata/run/seeded")...)
			if status != 0 || strings.Contains(stdout, "WEFT_") || !strings.HasPrefix(stderr, "weft run: seed "+seed+", hash ") {
				t.Fatalf("status %d\n%s%s", status, stdout, stderr)
			}
			line := firstLine(stderr)
			if n == 0 {
				hashes[seed], said[stdout] = line, seed
			}
			if said[stdout] != seed || line != hashes[seed] {
				t.Errorf("seed %s, run %d: %s, want %s; it printed\n%s", seed, n, line, hashes[seed], stdout)
			}
			if strings.Contains(stderr, "not under control") {
				t.Error(stderr)
			}
		}
	}
	if len(said) < 2 {
		t.Errorf("3 seeds printed %d different things", len(said))
	}
}

// Whoever looks on, in whatever way: the same decisions.
func TestASeededRunIsTheSameWhoeverLooks(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("-short, or no network in memory")
	}
	hash := func(stderr string) string {
		return regexp.MustCompile(`seed 3, hash [0-9a-f]{16}, \d+ decisions`).FindString(stderr)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	want := ""
	for _, flags := range [][]string{{}, {"-explain"}, {"-explain", "-lang", "zh", "-trace", trace}, {"-trace", trace, "-all"}} {
		_, stderr, status := runWeft(t, append(append([]string{"run", "-seed", "3", "-hash"}, flags...), "./testdata/run/seeded")...)
		if want == "" {
			want = hash(stderr)
		}
		if got := hash(stderr); status != 0 || got == "" || got != want {
			t.Errorf("%v: status %d, %q, want %q", flags, status, got, want)
		}
		if strings.Contains(stderr, "newproc") != slices.Contains(flags, "-explain") {
			t.Errorf("%v: it is narrated, or it is not:\n%s", flags, stderr)
		}
	}
	if text, stderr, status := runWeft(t, "trace", "-text", trace); status != 0 || !strings.Contains(text, "newproc") {
		t.Errorf("status %d\n%s%s", status, text, stderr)
	}
	stays := func(_, out string) bool { return strings.Contains(out, "the page stays") }
	args := []string{"run", "-seed", "3", "-hash", "-explain", "-trace", trace, "-view", "127.0.0.1:0", "./testdata/run/seeded"}
	if ws, out := interrupted(t, syscall.SIGINT, stays, args...); ws.ExitStatus() != 0 || hash(out) != want {
		t.Errorf("with -view: %v, %q, want %q", ws, hash(out), want)
	}
}

// What waits for sockets that nobody makes ready is a deadlock at once, as Go reports one.
func TestASeededProgramThatWaitsForItsOwnSocketsIsADeadlock(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("-short, or no network in memory")
	}
	_, stderr, status := runWeft(t, "run", "-seed", "1", "./testdata/run/seeded", "wait")
	if status != 2 || !strings.Contains(stderr, "all goroutines are asleep - deadlock!") || !strings.Contains(stderr, "[IO wait]") {
		t.Errorf("status %d\n%s", status, stderr)
	}
}

func TestSeedsThatCantBeAreOneLine(t *testing.T) {
	for want, args := range map[string][]string{
		"on one P: leave -procs out":       {"-seed", "1", "-procs", "2", "x.go"},
		"-realnet and -hash are for -seed": {"-hash", "x.go"},
		"name its package":                 {"-seed", "1", "/bin/sh"},
		"invalid value":                    {"-seed", "x", "x.go"},
	} {
		_, stderr, status := runWeft(t, append([]string{"run"}, args...)...)
		if status != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %q, want %q", args, status, stderr, want)
		}
	}
}
