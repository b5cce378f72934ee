package tester

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Fuzz targets run on their seeds, and examples with what they print, as go test runs them; their failures repeat.
func TestFuzzSeedsAndExamplesAreExplored(t *testing.T) {
	want := map[string]string{
		"TestMainWasFirst": "", "TestSubs": "fail", "FuzzSeeds": "fail", "FuzzRight": "", "FuzzParallelDeadlock": "deadlock",
		"Example_right": "", "Example_unordered": "", "Example_order": "fail", "Example_deadlock": "deadlock",
	}
	results, out := explored(t, "funcs", nil)
	for name, kind := range want {
		if r, ok := results[name]; !ok || r.Kind != kind || r.Failed && !r.Repeats {
			t.Errorf("%s: %q, repeats %v, want %q", name, r.Kind, r.Repeats, kind)
		}
	}
	if len(results) != len(want) || !strings.Contains(out, "--- FAIL: FuzzSeeds/seven") || t.Failed() {
		t.Errorf("%d results, want %d, and a subtest for each seed:\n%.20000s", len(results), len(want), out)
	}
}

// -run chooses subtests and seeds, a token that comes of it means the same ones, and TestMain comes to its end.
func TestRunChoosesSubtestsAndSeeds(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("FUNCS_LOG", log)
	results, out := explored(t, "funcs", func(c *Config) { c.Run = "FuzzSeeds/seed#0|TestSubs/a" })
	for _, name := range []string{"FuzzSeeds/seed#0", "TestSubs/a"} {
		if r, ok := results[name]; !ok || r.Failed {
			t.Errorf("%s: %v\n%s", name, r.Kind, out)
		}
	}
	said, _ := os.ReadFile(log)
	if n := strings.Count(string(said), "before"); n == 0 || n != strings.Count(string(said), "after") {
		t.Errorf("TestMain said %q", said)
	}
	results, out = explored(t, "funcs", func(c *Config) { c.Run = "FuzzSeeds/seven" })
	r := results["FuzzSeeds/seven"]
	if r.Kind != "fail" || !r.Repeats {
		t.Fatalf("FuzzSeeds/seven: %q\n%s", r.Kind, out)
	}
	if _, out = explored(t, "funcs", func(c *Config) { c.Replay = r.Token }); !strings.Contains(out, "--- FAIL: FuzzSeeds/seven, ") &&
		!strings.Contains(out, "--- FAIL: FuzzSeeds/seven:") {
		t.Error(out)
	}
}
