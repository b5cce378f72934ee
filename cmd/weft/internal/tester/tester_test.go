package tester

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	os.Exit(m.Run())
}

// explored runs the tests of a package below testdata and returns what came of each.
func explored(t *testing.T, dir string, change func(*Config)) (results map[string]Result, out string) {
	t.Helper()
	var text, lines bytes.Buffer
	c := Config{
		Dir: filepath.Join("testdata", dir), Patterns: []string{"."}, Schedules: 200, Seed: 1, Jobs: Jobs(),
		Limits: testLimits,
		Out:    &text, JSON: &lines, Progress: func(string) {},
	}
	if change != nil {
		change(&c)
	}
	failed, err := Main(t.Context(), c)
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	results = map[string]Result{}
	any := false
	for dec := json.NewDecoder(&lines); ; {
		var r Result
		if err := dec.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		results[r.Test] = r
		any = any || r.Failed
	}
	if c.Replay == "" && any != failed {
		t.Errorf("failed is %v, the results say %v", failed, any)
	}
	return results, text.String()
}

func TestEachKindOfFailureIsFoundAndRepeats(t *testing.T) {
	want := map[string]string{
		"TestRight": "", "TestDeadlock": "deadlock", "TestLeak": "leak", "TestFail": "fail", "TestPanic": "panic", "TestFatal": "fatal",
		"TestExit": "exit", "TestLivelock": "livelock", "TestLongSleep": "",
		"TestOnce": "fail", "TestStale": "fail", "TestLeakBesideTicker": "leak",
		"TestGlobalWorker": "",
	}
	results, out := explored(t, "kinds", nil)
	for name, kind := range want {
		r, ok := results[name]
		if !ok || r.Kind != kind {
			t.Errorf("%s: %q, want %q", name, r.Kind, kind)
		}
		if kind == "" {
			if r.Schedules != 200 {
				t.Errorf("%s: %d schedules", name, r.Schedules)
			}
			continue
		}
		if !r.Repeats || !strings.Contains(r.Repeat, r.Token) {
			t.Errorf("%s: repeats %v: %s", name, r.Repeats, r.Repeat)
		}
	}
	if len(results) != len(want) || t.Failed() {
		t.Logf("%.20000s", out)
	}
}

func TestAReportNamesWhatEachWaitsForAndWhoHoldsIt(t *testing.T) {
	_, out := explored(t, "kinds", func(c *Config) { c.Run = "TestDeadlock$" })
	for _, want := range []string{
		"schedule", "deadlock: nothing can run",
		"g3 waits: sync.Mutex.Lock at kinds_test.go:36, held by g4; made at kinds_test.go:36",
		"g4 waits: sync.Mutex.Lock at kinds_test.go:37, held by g3",
		"a ring: g3 waits for g4 waits for g3\n", "a.Lock(); b.Lock()", "weft test -replay w1.TestDeadlock.", " kinds\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}
