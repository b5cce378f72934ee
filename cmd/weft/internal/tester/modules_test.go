package tester

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/seam"
)

// moduleSuite is the test suite of a module of others. Each report of weft test, and each test that can't be run, has its reason in
// why; one without is a false report until somebody has looked at it.
type moduleSuite struct {
	path, version string
	why           map[string]string // by test; "*" for the rest
}

const (
	moduleSchedules = 200
	moduleTime      = 30 * time.Second // for one test
)

// suiteResult is what came of a suite.
type suiteResult struct {
	moduleSuite
	tests, clean     int
	schedules        uint64
	reports, unended []Result
	native           string
}

// TestModules writes docs/modules.md: WEFT_MODULES=table go test -run TestModules -timeout 2h ./cmd/weft/internal/tester
// WEFT_MODULES=golang.org/x/sync,go.uber.org/atomic runs those and writes nothing.
func TestModules(t *testing.T) {
	which := os.Getenv("WEFT_MODULES")
	if which == "" {
		t.Skip("WEFT_MODULES is neither table nor a list of modules")
	}
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	var results []suiteResult
	for _, m := range moduleSuites {
		if which != "table" && !slices.Contains(strings.Split(which, ","), m.path) {
			continue
		}
		r := m.run(t)
		t.Logf("%s: %d of %d tests clean, %d schedules, natively: %s", m.path, r.clean, r.tests, r.schedules, r.native)
		for _, f := range r.reports {
			if m.reason(f.Test) == "" {
				t.Errorf("%s: %s is reported, and nobody has said why:\n%s", m.path, f.Test, f.Output)
			}
		}
		results = append(results, r)
	}
	if which == "table" {
		if err := os.WriteFile("../../../../docs/modules.md", []byte(modulesPage(results)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *moduleSuite) reason(test string) string {
	if why, ok := m.why[test]; ok {
		return why
	}
	return m.why["*"]
}

// copyOf copies the module from the module cache into a directory of its own.
func (m *moduleSuite) copyOf(t *testing.T) string {
	t.Helper()
	command := func(dir string, args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
		}
		return out
	}
	dir := t.TempDir()
	var from struct{ Dir string }
	if err := json.Unmarshal(command(dir, "mod", "download", "-json", m.path+"@"+m.version), &from); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(from.Dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		return errors.Join(err, os.Chmod(name, 0o755)) // the module cache is read-only
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		command(dir, "mod", "init", m.path)
	}
	command(dir, "mod", "tidy")
	return dir
}

func (m *moduleSuite) run(t *testing.T) suiteResult {
	t.Helper()
	dir := m.copyOf(t)
	r := suiteResult{moduleSuite: *m, native: "pass"}
	native := exec.CommandContext(t.Context(), "go", "test", "-run", "^Test", "-timeout", "100s", "./...")
	native.Dir = dir
	if out, err := native.CombinedOutput(); strings.Contains(string(out), "panic: test timed out") {
		r.native = "not ended in 100 s"
	} else if err != nil {
		r.native = "fail"
	}
	tc, err := seam.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{scratch: t.TempDir()}
	s.Dir, s.Patterns, s.Schedules, s.Seed = dir, []string{"./..."}, moduleSchedules, 1
	s.Limits, s.NoShrink = testLimits, true
	s.Limits.Points = 10_000_000
	s.Out, s.Progress = &strings.Builder{}, func(string) {}
	if s.overlay, err = tc.Prepare(seam.Steer()); err != nil {
		t.Fatal(err)
	}
	packs, err := s.list(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range packs {
		if err := s.build(t.Context(), p, i); err != nil {
			t.Fatal(err)
		}
		r.pack(t, s, p)
	}
	return r
}

// pack runs each test of a package for as long as moduleTime.
func (r *suiteResult) pack(t *testing.T, s *session, p *pack) {
	t.Helper()
	var hosts []explore.Host
	for range Jobs() {
		h := NewHost(p.bin)
		defer h.Close()
		hosts = append(hosts, h)
	}
	tests, err := hosts[0].(*Host).Tests()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		ctx, cancel := context.WithTimeout(t.Context(), moduleTime)
		res, err := s.test(ctx, p, hosts, name, s.Seed)
		cancel()
		r.tests++
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			r.unended = append(r.unended, Result{Package: p.ImportPath, Test: name})
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		case res.Failed:
			r.reports = append(r.reports, *res)
		default:
			r.clean++
			r.schedules += res.Schedules
		}
	}
}

func modulesPage(results []suiteResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Test suites of others

What weft test says about the test suites of modules that live on goroutines: each Test function of each package, unchanged, under %d
schedules (portfolio, seed 1, virtual time), for at most %v a test. Written by

    WEFT_MODULES=table go test -run TestModules -timeout 2h ./cmd/weft/internal/tester

which fails if there is a report that this page does not explain. "Natively" is one run of go test. A token repeats its schedule: in a copy
of the module, weft test -replay TOKEN PACKAGE.

| module | tests | no report | schedules | reported | not ended | natively |
|---|---|---|---|---|---|---|
`, moduleSchedules, moduleTime)
	for _, r := range results {
		fmt.Fprintf(&b, "| %s %s | %d | %d | %d | %d | %d | %s |\n",
			r.path, r.version, r.tests, r.clean, r.schedules, len(r.reports), len(r.unended), r.native)
	}
	for _, r := range results {
		if len(r.reports)+len(r.unended) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n", r.path)
		byReason := map[string][]string{}
		for _, f := range r.reports {
			how := fmt.Sprintf("`%s`: %s in schedule %d, `%s`", f.Test, f.Kind, f.Schedule, f.Token)
			if len(f.Token) > 100 || !f.Repeats {
				how = fmt.Sprintf("`%s`: %s in schedule %d", f.Test, f.Kind, f.Schedule)
			}
			why := cmp.Or(r.reason(f.Test), "Nobody has said yet why:")
			byReason[why] = append(byReason[why], how)
		}
		for _, why := range slices.Sorted(maps.Keys(byReason)) {
			fmt.Fprintf(&b, "\n%s\n\n- %s\n", why, strings.Join(byReason[why], "\n- "))
		}
		var names []string
		for _, f := range r.unended {
			names = append(names, "`"+f.Test+"`")
		}
		if len(names) > 0 {
			fmt.Fprintf(&b, "\nNot ended within %v: %s.\n", moduleTime, strings.Join(names, ", "))
		}
	}
	return b.String()
}
