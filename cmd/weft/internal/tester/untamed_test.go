package tester

import (
	"os/exec"
	"strings"
	"testing"
)

// untamedOf is what -check prints of each test of a package.
func untamedOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	results, out := explored(t, dir, func(c *Config) { c.Schedules, c.Check = 3, true })
	of := map[string]string{}
	for name, r := range results {
		if r.Failed {
			t.Errorf("%s fails: %s", name, r.Output)
		}
		of[name] = strings.Join(r.Untamed, "; ")
	}
	if len(of) == 0 {
		t.Error(out)
	}
	return of
}

func TestCheckNamesMapsThatAreWalkedByAddress(t *testing.T) {
	const words = "walks a map whose keys are addresses"
	for name, untamed := range untamedOf(t, "addresses") {
		by := name == "TestPointers" || name == "TestStructs" || name == "TestChans"
		if strings.Contains(untamed, words) != by {
			t.Errorf("%s: %q", name, untamed)
		}
	}
}

func TestCheckNamesCallsOfC(t *testing.T) {
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler")
	}
	if got := untamedOf(t, corpus("bad/cgo"))["TestCgo"]; !strings.Contains(got, "calls C") {
		t.Errorf("%q", got)
	}
}
