package tester

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/trace"
)

// player opens a test of testdata/kinds.
func player(t *testing.T, change func(*Config)) (*Player, explore.Token) {
	t.Helper()
	c := Config{Dir: "testdata/kinds", Patterns: []string{"."}, Seed: 1, Limits: testLimits, Out: &bytes.Buffer{}}
	change(&c)
	p, tok, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, tok
}

// secondLock is the decision at which the goroutine of kinds_test.go:36 is about to take its second lock.
func secondLock(all []observe.Decision) int {
	locks := func(d observe.Decision) bool { return d.Options[0].Stays && d.Options[0].Does == "Lock" }
	first := slices.IndexFunc(all, locks)
	return first + 1 + slices.IndexFunc(all[first+1:], locks)
}

func TestADeadlockIsChosenStepByStepAndTakenBack(t *testing.T) {
	p, tok := player(t, func(c *Config) { c.Run = "^TestDeadlock$" })
	s, err := p.Play(t.Context(), tok)
	if err != nil || s.Failed != "" || s.Fixed != "" || len(s.Decisions) < 5 {
		t.Fatalf("%v, default schedule: %+v", err, s)
	}
	d := s.Decisions[secondLock(s.Decisions)]
	goesOn, begins := d.Options[0], d.Options[1]
	if d.Taken != 0 || goesOn.Place != "kinds_test.go:36" || begins.State != observe.OptionNew || begins.Place != "kinds_test.go:37" {
		t.Fatalf("decision %+v", d)
	}
	dead, err := p.Choose(t.Context(), tok, d.Step, 1, false)
	if err != nil || dead.Failed != "deadlock" || !strings.Contains(dead.Report, "a ring") {
		t.Fatalf("%v, chosen: %q %s", err, dead.Failed, dead.Report)
	}
	again, err := p.Play(t.Context(), dead.Token)
	if err != nil || again.run.Hash != dead.run.Hash {
		t.Errorf("%v, the token of the chosen schedule repeats another", err)
	}
	diff, err := trace.Compare(trace.NewReader(bytes.NewReader(dead.Recording)), trace.NewReader(bytes.NewReader(s.Recording)))
	if err != nil || diff.Same || diff.First.A.I != int64(d.I) || diff.First.B.I != int64(d.I) {
		t.Errorf("%v, the schedules differ first at %+v, chosen was at event %d", err, diff.First, d.I)
	}
	back, err := p.Choose(t.Context(), dead.Token, d.Step, 0, false)
	if err != nil || back.Failed != "" || back.run.Hash != s.run.Hash {
		t.Errorf("%v, taken back: %q, hash %x want %x", err, back.Failed, back.run.Hash, s.run.Hash)
	}
}

func TestLaterChoicesAreKeptWhereTheyCanBe(t *testing.T) {
	p, tok := player(t, func(c *Config) { c.Run = "^TestDeadlock$" })
	s, err := p.Play(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	d := s.Decisions[secondLock(s.Decisions)]
	tok.Devs = []explore.Dev{{Step: d.Step, Pick: 1}, {Step: d.Step + 500, Pick: 1}}
	early := s.Decisions[slices.IndexFunc(s.Decisions, func(d observe.Decision) bool { return len(d.Options) == 3 })]
	for _, keep := range []bool{false, true} {
		got, err := p.Choose(t.Context(), tok, early.Step, 2, keep)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got.Token.Devs); got.Token.Devs[0] != (explore.Dev{Step: early.Step, Pick: 2}) || n > 2 || !keep && n != 1 {
			t.Errorf("keep %v: deviations %v", keep, got.Token.Devs)
		}
	}
}

func TestATestThatAlwaysFailsIsShownAndFixed(t *testing.T) {
	p, tok := player(t, func(c *Config) { c.Run = "^TestRight$"; c.Limits.Points = 5 })
	s, err := p.Play(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	if s.Failed != "livelock" || s.Fixed == "" || len(s.Recording) == 0 {
		t.Errorf("failed %q, fixed %q", s.Failed, s.Fixed)
	}
}

func TestOneTestMustBeNamed(t *testing.T) {
	for run, want := range map[string]string{"": "say which with -run '^Test", "^TestNone$": "no tests to run", "(": "-run:"} {
		c := Config{Dir: "testdata/kinds", Patterns: []string{"."}, Run: run, Limits: testLimits, Out: &bytes.Buffer{}}
		if _, _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-run %q: %v", run, err)
		}
	}
}
