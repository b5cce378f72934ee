package tester

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/seam"
)

// These tests run the programs of explore/corpus. WEFT_CORPUS=full runs them as often as they are meant to be.
var fullCorpus = os.Getenv("WEFT_CORPUS") == "full"

// often returns full or short.
func often(short, full int) int {
	if fullCorpus {
		return full
	}
	return short
}

// corpus is the path, seen from testdata, of a package of explore/corpus.
func corpus(name string) string {
	return filepath.Join("..", "..", "..", "..", "..", "explore", "corpus", "testdata", filepath.FromSlash(name))
}

// wanted reads from the programs of a package how each may fail.
func wanted(t *testing.T, pkg string) (want map[string][]string, files []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short")
	}
	return wantedIn(t, filepath.Join("testdata", corpus(pkg)))
}

func wantedIn(t *testing.T, dir string) (want map[string][]string, files []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	want = map[string][]string{}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^// want (.*)\nfunc (Test\w+)\(`).FindAllStringSubmatch(string(src), -1) {
			want[m[2]] = strings.Split(m[1], ", ")
		}
	}
	return want, files
}

// wantedBroken are the broken programs.
func wantedBroken(t *testing.T) map[string][]string {
	t.Helper()
	want, files := wanted(t, "broken")
	if len(want) < 20 || len(want) != len(files) {
		t.Fatalf("%d broken programs in %d files say how they fail, want at least 20 and one in each", len(want), len(files))
	}
	return want
}

// What a tool could stumble over passes, or fails in the way that is right.
func TestCorpusBadInputIsSurvived(t *testing.T) {
	want, _ := wanted(t, "bad")
	results, out := explored(t, corpus("bad"), func(c *Config) {
		c.Schedules, c.NoShrink = uint64(often(5, 50)), true
		c.Limits.Points = 500_000 // 10,000 goroutines need some
	})
	for test, r := range results {
		if r.Failed != (want[test] != nil) || r.Failed && !slices.Contains(want[test], r.Kind) {
			t.Errorf("%s: %q, want %q\n%s", test, r.Kind, want[test], r.Output)
		}
	}
	if len(results) < 14 {
		t.Errorf("%d programs ran\n%s", len(results), out)
	}
}

func TestCorpusBrokenProgramsAreFound(t *testing.T) {
	want := wantedBroken(t)
	for round := range often(1, 5) {
		results, out := explored(t, corpus("broken"), func(c *Config) {
			c.Schedules, c.Seed, c.NoShrink = 1000, uint64(1+round), true
		})
		for _, name := range slices.Sorted(maps.Keys(want)) {
			switch r := results[name]; {
			case !r.Failed || !slices.Contains(want[name], r.Kind):
				t.Errorf("seed %d: %s fails by %q within 1000 schedules, want one of %q\n%s", 1+round, name, r.Kind, want[name], r.Output)
			case !r.Repeats:
				t.Errorf("seed %d: %s does not repeat\n%s", 1+round, name, r.Output)
			}
		}
		if len(results) != len(want) {
			t.Errorf("%d programs ran, want %d\n%s", len(results), len(want), out)
		}
	}
}

func TestCorpusCorrectedProgramsAreNeverReported(t *testing.T) {
	broken := wantedBroken(t)
	strategies := map[string]uint64{"portfolio": explore.StrategyPortfolio}
	if fullCorpus {
		strategies["random"], strategies["sticky"], strategies["pct"] = explore.StrategyRandom, explore.StrategySticky, explore.StrategyPCT
	}
	for name, strategy := range strategies {
		results, out := explored(t, corpus("fixed"), func(c *Config) {
			c.Schedules, c.Strategy = uint64(often(200, 2000)), strategy
		})
		for test, r := range results {
			if r.Failed {
				t.Errorf("%s: %s is reported, though it is correct:\n%s", name, test, r.Output)
			}
			if _, ok := broken[test]; !ok {
				t.Errorf("%s has no broken twin", test)
			}
		}
		if len(results) != len(broken) {
			t.Errorf("%s: %d programs ran, want %d\n%s", name, len(results), len(broken), out)
		}
	}
}

func TestCorpusRacesAreReportedAndTheirTwinsNever(t *testing.T) {
	if !fullCorpus {
		t.Skip("builds the standard library once more, with the race detector: WEFT_CORPUS=full")
	}
	racy, out := explored(t, corpus("races/racy"), func(c *Config) { c.Race, c.Schedules, c.NoShrink = true, 100, true })
	if len(racy) < 10 {
		t.Errorf("%d racy programs, want at least 10\n%s", len(racy), out)
	}
	for test, r := range racy {
		if r.Kind != "race" || !r.Repeats {
			t.Errorf("%s: %q within 100 schedules, repeats: %v, want a race\n%s", test, r.Kind, r.Repeats, r.Output)
		}
	}
	fixed, _ := explored(t, corpus("races/fixed"), func(c *Config) { c.Race, c.Schedules = true, 1000 })
	for test, r := range fixed {
		if r.Failed {
			t.Errorf("%s is reported, though it is correct:\n%s", test, r.Output)
		}
	}
	if len(fixed) != len(racy) {
		t.Errorf("%d corrected twins of %d racy programs", len(fixed), len(racy))
	}
}

// corpusBinary builds a package of the corpus.
func corpusBinary(t *testing.T, name string) *Binary {
	t.Helper()
	if testing.Short() {
		t.Skip("-short")
	}
	tc, err := seam.Find("")
	if err != nil {
		t.Fatal(err)
	}
	s := &session{scratch: t.TempDir()}
	s.Limits, s.Patterns = testLimits, []string{"./" + filepath.Join("testdata", corpus(name))}
	if s.overlay, err = tc.Prepare(seam.Steer()); err != nil {
		t.Fatal(err)
	}
	packs, err := s.list(t.Context())
	if err != nil || len(packs) != 1 {
		t.Fatalf("%d packages, %v", len(packs), err)
	}
	if err := s.build(t.Context(), packs[0], 0); err != nil {
		t.Fatal(err)
	}
	return packs[0].bin
}

// onEach calls f for each of items, on all cores.
func onEach[T any](items []T, f func(T)) {
	var wg sync.WaitGroup
	next := make(chan T)
	for range Jobs() {
		wg.Go(func() {
			for item := range next {
				f(item)
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	wg.Wait()
}

// One schedule, run again and again: a tenth of the runs each in a fresh process, the others one after the other in one process.
func TestCorpusOneSeedOneHash(t *testing.T) {
	bin := corpusBinary(t, "exact")
	tests, err := NewHost(bin).Tests()
	if err != nil || len(tests) < 10 {
		t.Fatalf("%d programs, %v", len(tests), err)
	}
	runs := often(20, 1000)
	onEach(tests, func(name string) {
		hashes := map[uint64]int{}
		h := NewHost(bin)
		defer h.Close()
		r := explore.Range{Test: name, Strategy: explore.StrategyRandom, Seed: 7, First: 3, Count: 1}
		for range runs / 10 {
			run, err := h.Again(t.Context(), r)
			if err != nil || run.Failure != nil {
				t.Errorf("%s: %v, %+v", name, err, run)
				return
			}
			hashes[run.Hash]++
		}
		for range runs - runs/10 {
			_, f, err := h.Explore(t.Context(), r)
			if err != nil || f != nil {
				t.Errorf("%s: %v, %+v", name, err, f)
				return
			}
			if h.w != nil { // it is replaced when something was left behind
				hashes[h.w.word(explore.WordHash)]++
			}
		}
		if len(hashes) != 1 {
			t.Errorf("%s: %d hashes in %d runs of one schedule: %x", name, len(hashes), runs, hashes)
		}
	})
}

// What the programs print is the same, too.
func TestCorpusOneSeedOneOutput(t *testing.T) {
	t.Setenv("CORPUS_TELL", "1")
	bin := corpusBinary(t, "exact")
	tests, err := NewHost(bin).Tests()
	if err != nil {
		t.Fatal(err)
	}
	onEach(tests, func(name string) {
		h := NewHost(bin)
		defer h.Close()
		said := map[uint64]string{} // by schedule
		for n := range often(6, 100) {
			first := uint64(1 + n%3)
			run, err := h.Again(t.Context(), explore.Range{Test: name, Strategy: explore.StrategyRandom, Seed: 7, First: first, Count: 1})
			if err != nil || run.Unfit || !run.same("fail") {
				t.Errorf("%s: %v, %+v", name, err, run)
				return
			}
			output := run.Failure.Detail.(*Detail).Output
			if _, ok := said[first]; !ok {
				said[first] = output
			}
			if output != said[first] || !strings.Contains(output, "_test.go") {
				t.Errorf("%s, schedule %d: printed\n%s\nat first\n%s", name, first, output, said[first])
				return
			}
		}
		if said[1] == said[2] && said[2] == said[3] {
			t.Errorf("%s does not depend on the schedule:\n%s", name, said[1])
		}
	})
}

func TestCorpusTokensRepeat(t *testing.T) {
	const tokens = 20
	results, _ := explored(t, corpus("broken"), func(c *Config) { c.NoShrink = !fullCorpus })
	bin := corpusBinary(t, "broken")
	names := slices.Sorted(maps.Keys(results))
	if len(names) < tokens {
		t.Fatalf("%d tests", len(names))
	}
	onEach(names[:tokens], func(name string) {
		want := results[name]
		tok, err := explore.ParseToken(want.Token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		h := NewHost(bin)
		defer h.Close()
		var first uint64
		for n := range often(3, 100) {
			run, err := h.Replay(t.Context(), tok)
			if err != nil || !run.same(want.Kind) {
				t.Errorf("%s: run %d of %s: %v, %+v, want %s", name, n+1, want.Token, err, run, want.Kind)
				return
			}
			if n == 0 {
				first = run.Hash
			}
			if run.Hash != first {
				t.Errorf("%s: run %d of %s has hash %x, the first had %x", name, n+1, want.Token, run.Hash, first)
			}
		}
	})
}
