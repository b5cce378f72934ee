package tester

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/seam"
)

// full reports whether the long forms of the tests are asked for. See HACKING.md.
func full() bool { return os.Getenv("WEFT_EXPLORE") == "full" }

func times(short, long int) int {
	if full() {
		return long
	}
	return short
}

func TestRightProgramsAreNeverReported(t *testing.T) {
	results, out := explored(t, "right", func(c *Config) { c.Schedules = uint64(times(300, 20_000)) })
	for name, r := range results {
		if r.Failed {
			t.Errorf("%s: %s at schedule %d", name, r.Kind, r.Schedule)
		}
	}
	if len(results) < 20 || t.Failed() {
		t.Logf("%d programs\n%s", len(results), out)
	}
}

// It compiles the standard library for the race detector.
func TestRacesAreReportedAndTheirCorrectionsNot(t *testing.T) {
	if !full() {
		t.Skip("WEFT_EXPLORE is not full")
	}
	results, out := explored(t, "races", func(c *Config) { c.Race, c.Schedules, c.NoShrink = true, 100, true })
	racy, right := 0, 0
	for name, r := range results {
		switch {
		case strings.HasPrefix(name, "TestRacy"):
			racy++
			if r.Kind != "race" {
				t.Errorf("%s: %q, want a race", name, r.Kind)
			}
		case r.Failed:
			t.Errorf("%s: %s", name, r.Kind)
		default:
			right++
		}
	}
	if racy < 10 || right < 10 {
		t.Errorf("%d with a race, %d without\n%s", racy, right, out)
	}
}

// binaryOf builds the tests of a package below testdata.
func binaryOf(t testing.TB, dir string) *Binary {
	t.Helper()
	return built(t, filepath.Join("testdata", dir), dir)
}

// built builds the tests of the package path in dir.
func built(t testing.TB, dir, path string) *Binary {
	t.Helper()
	tc, err := seam.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{Config: Config{Dir: dir, Limits: testLimits}, scratch: t.TempDir()}
	if s.overlay, err = tc.Prepare(seam.Steer()); err != nil {
		t.Fatal(err)
	}
	p := &pack{ImportPath: path, Dir: dir}
	if err := s.build(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	return p.bin
}

// A seed has one hash: in one process after other schedules, and in fresh ones.
func TestASeedHasOneHash(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	h := NewHost(binaryOf(t, "exact"))
	defer h.Close()
	tests, err := h.Tests()
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) < 10 {
		t.Errorf("only %d programs", len(tests))
	}
	for _, name := range tests {
		for _, index := range []uint64{1, 2, 7} {
			r := explore.Range{Test: name, Seed: 3, First: index}
			var first *Run
			for range times(4, 334) {
				run, err := h.Again(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if run.Failure != nil || run.Unfit {
					t.Fatalf("%s fails: %+v", name, run.Failure)
				}
				if first == nil {
					first = run
				}
				if run.Hash != first.Hash || run.Steps != first.Steps {
					t.Errorf("%s, schedule %d: hash %016x of %d decisions, then %016x of %d; not under control: %v",
						name, index, first.Hash, first.Steps, run.Hash, run.Steps, run.Untamed)
					break
				}
			}
		}
	}
}

// Each token of a failure repeats it, each time.
func TestTokensRepeatTheirFailures(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	h := NewHost(binaryOf(t, "kinds"))
	defer h.Close()
	tokens := 0
	for _, name := range []string{"TestDeadlock", "TestLeak", "TestFail", "TestPanic", "TestFatal", "TestExit", "TestOnce", "TestStale"} {
		for seed := range uint64(times(1, 3)) {
			r := explore.Range{Test: name, Strategy: explore.StrategyRandom, Seed: seed + 1, First: 1, Count: 500}
			_, f, err := explore.Search(t.Context(), []explore.Host{h}, r, nil)
			if err != nil || f == nil {
				t.Errorf("%s: %+v, %v, want a failure", name, f, err)
				continue
			}
			tokens++
			tok, err := explore.ParseToken(explore.Token{Test: name, Seed: f.Seed, Slack: 1000, Devs: f.Devs}.String())
			if err != nil {
				t.Fatal(err)
			}
			hash := uint64(0)
			for i := range times(3, 100) {
				run, err := h.Replay(t.Context(), tok)
				if err != nil {
					t.Fatal(err)
				}
				if !run.same(f.Kind) || run.Lost || i > 0 && run.Hash != hash {
					t.Errorf("%s: run %d of %v: %+v, hash %016x, want %s, hash %016x", name, i, tok, run.Failure, run.Hash, f.Kind, hash)
					break
				}
				hash = run.Hash
			}
		}
	}
	t.Logf("%d tokens", tokens)
}

// BenchmarkSchedules is the throughput of one worker, on one core, on a test with six goroutines.
func BenchmarkSchedules(b *testing.B) {
	h := NewHost(binaryOf(b, "kinds"))
	defer h.Close()
	r := explore.Range{Test: "TestRight", Strategy: explore.StrategyRandom, Seed: 1, Count: 1}
	if _, _, err := h.Explore(b.Context(), r); err != nil { // the process starts
		b.Fatal(err)
	}
	r.First, r.Count = 1, uint64(b.N)
	b.ResetTimer()
	if _, f, err := explore.Search(b.Context(), []explore.Host{h}, r, nil); err != nil || f != nil {
		b.Fatal(f, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
}
