package tester

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/trace"
)

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
		"TestGlobalWorker": "", "TestCycle": "cycle",
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

func TestARingOfLocksIsReportedWhenItForms(t *testing.T) {
	_, out := explored(t, "kinds", func(c *Config) { c.Run = "TestCycle$" })
	for _, want := range []string{
		"g3 waits: sync.Mutex.Lock at kinds_test.go:180, held by g4", "g4 waits: sync.Mutex.Lock at kinds_test.go:181, held by g3",
		"a ring: g3 waits for g4 waits for g3\n", "closes a ring of locks",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(out, "g2 waits") || strings.Contains(out, "more ...") {
		t.Error("the report tells of others, or comes late")
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestAReplayIsRecorded(t *testing.T) {
	found, _ := explored(t, "kinds", func(c *Config) { c.Run = "TestDeadlock$" })
	file := filepath.Join(t.TempDir(), "trace")
	_, out := explored(t, "kinds", func(c *Config) { c.Replay, c.Trace = found["TestDeadlock"].Token, file })
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	defer f.Close()
	var text strings.Builder
	r := trace.NewReader(f)
	to := trace.NewText(&text, trace.TextOptions{Symbol: r.Symbol})
	if err := errors.Join(r.CopyTo(to), to.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"newproc g3 kinds.TestDeadlock.func1 → p0.runq (kinds_test.go:36)", "decision 8: of 2, g3 goes on",
		"[m0 p0 g3] gopark: sync.Mutex.Lock", "[m0 p0 g4] gopark: sync.Mutex.Lock", "execute g3",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the recording lacks %q:\n%s", want, text.String())
		}
	}
}

func TestBadInputIsOneLineThatSaysWhatToDo(t *testing.T) {
	base := Config{Patterns: []string{"."}, Schedules: 1, Limits: testLimits, Out: io.Discard, Progress: func(string) {}, Jobs: 1}
	for want, change := range map[string]func(*Config){
		"error parsing regexp":        func(c *Config) { c.Run = "(" },
		"is no token":                 func(c *Config) { c.Replay = "hello" },
		"that match -run TestNothing": func(c *Config) { c.Dir, c.Run = "testdata/kinds", "TestNothing" },
		"which is not in .: name its package": func(c *Config) {
			c.Dir, c.Replay = "testdata/kinds", explore.Token{Test: "TestNo"}.String()
		},
		"no tests to run in ./testdata/empty": func(c *Config) { c.Patterns = []string{"./testdata/empty"} },
		"no such package":                     func(c *Config) { c.Patterns = []string{"./testdata/nowhere"} },
	} {
		c := base
		change(&c)
		_, err := Main(t.Context(), c)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		} else if !strings.Contains(err.Error(), want) && want != "no such package" {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
