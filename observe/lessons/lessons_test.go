package lessons

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// optional are steps that depend on the machine's timing: how many, by lesson,
// may be missing.
var optional = map[string]int{"procs": 5, "steal": 5}

func run(t *testing.T, id, host, variant string) *observe.LessonRun {
	t.Helper()
	r, err := All().Run(context.Background(), id, host, variant)
	if err != nil {
		t.Fatalf("%s %s on %s: %v", id, variant, host, err)
	}
	return r
}

func check(t *testing.T, r *observe.LessonRun, id string) {
	t.Helper()
	if len(r.Notes) > optional[id] {
		t.Errorf("%s %s on %s: %v", id, r.Variant, r.Host, r.Notes)
	}
	if len(r.Steps) < 3 && optional[id] == 0 || len(r.Steps) == 0 {
		t.Errorf("%s %s on %s: %d steps", id, r.Variant, r.Host, len(r.Steps))
	}
	for i, s := range r.Steps {
		if s.Text.EN == "" || s.Text.ZH == "" {
			t.Errorf("%s: step %d has no text", id, i)
		}
		if i > 0 && (s.I <= r.Steps[i-1].I || s.T < r.Steps[i-1].T) {
			t.Errorf("%s: step %d comes before the one before it", id, i)
		}
	}
	if r.Output == "" || r.Source == "" {
		t.Errorf("%s: output %q, source %q", id, r.Output, r.Source)
	}
}

func TestEveryLessonRunsOnWeft(t *testing.T) {
	for _, l := range All().List() {
		variants := l.Variants
		if len(variants) == 0 {
			variants = []observe.Variant{{}}
		}
		for _, v := range variants {
			if l.ID == "io" && !has(t, v.ID) {
				continue
			}
			check(t, run(t, l.ID, "weft", v.ID), l.ID)
		}
	}
}

// has reports whether this build and machine have an I/O model.
func has(t *testing.T, model string) bool {
	p, err := poll.New(model)
	if err == nil {
		p.Close()
		return true
	}
	_, err = All().Run(context.Background(), "io", "weft", model)
	if err != nil {
		t.Logf("%s: %v", model, err)
	}
	return err == nil
}

// Lessons on Go's own runtime build that, which takes up to a minute.
func TestEveryLessonRunsOnGo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds Go's runtime")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: ", err)
	}
	for _, l := range All().List() {
		if len(l.Hosts) > 1 {
			check(t, run(t, l.ID, "go", ""), l.ID)
		}
	}
}

func TestOutputIsWhatTheProgramPrints(t *testing.T) {
	for id, want := range map[string]string{
		"hello": "hello, world\n", "sleep": "the other runs while main sleeps\nmain is back\n", "overflow": "300 have run\n",
		"block": "the other has the P meanwhile\nmain is back\n", "half": "HTTP/1.0 200 OK\r\n\r\nyou asked for /whole\n",
	} {
		if got := run(t, id, "weft", "").Output; got != want {
			t.Errorf("%s printed %q, want %q", id, got, want)
		}
	}
}

func TestHandlerParksInTheMiddleOfItsParse(t *testing.T) {
	r := run(t, "half", "weft", "")
	var parked, went observe.LessonStep
	for _, s := range r.Steps {
		if strings.Contains(s.Text.EN, "deep inside the parser") {
			parked = s
		}
		if strings.Contains(s.Text.EN, "goes on in the middle") {
			went = s
		}
	}
	if parked.G == 0 || parked.G != went.G || went.T <= parked.T {
		t.Errorf("parked %+v, went on %+v: want the same coroutine, later", parked, went)
	}
}

func TestWhatCantBeRunIsSaid(t *testing.T) {
	for _, c := range []struct{ id, host, variant, want string }{
		{"none", "weft", "", "no lesson"}, {"io", "go", "", "does not run on"}, {"hello", "java", "", "does not run on"},
		{"procs", "weft", "3", "no variant"},
	} {
		if _, err := All().Run(context.Background(), c.id, c.host, c.variant); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	if _, err := All().Run(context.Background(), "hello", "go", ""); err == nil || !strings.Contains(err.Error(), "go") {
		t.Errorf("without a go command: %v", err)
	}
}

func TestStepThatDidNotHappenIsNotTold(t *testing.T) {
	r := run(t, "sleep", "weft", "")
	before := len(r.Steps)
	steps := append([]step{on(anyOf(trace.KPanic), "It panics.", "它 panic 了。")}, sleepSteps...)
	if err := tell(r, steps); err != nil {
		t.Fatal(err)
	}
	if len(r.Steps) != before || len(r.Notes) != 1 || !strings.HasSuffix(r.Notes[0].EN, "it panics.") {
		t.Errorf("%d steps, notes %v", len(r.Steps), r.Notes)
	}
}

// The Go programs are ordinary ones: they compile as they are.
func TestGoProgramsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	files, err := filepath.Glob("programs/*.go.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		main := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(main, src, 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "vet", main).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", f, errors.Unwrap(err), out)
		}
	}
}
