package poll

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestUnknownModelNamesTheModels(t *testing.T) {
	_, err := New("kqueue2")
	if err == nil {
		t.Fatal("no error")
	}
	for _, m := range Models() {
		if !strings.Contains(err.Error(), m) {
			t.Errorf("%q does not name %s", err, m)
		}
	}
}

func TestModelWithoutPollerIsAnErrorNotAFallback(t *testing.T) {
	for _, m := range Models() {
		p, err := New(m)
		if err == nil {
			if p.Name() != m {
				t.Errorf("New(%q) gave %q", m, p.Name())
			}
			p.Close()
		} else if !strings.Contains(err.Error(), m) {
			t.Errorf("New(%q): %q does not name it", m, err)
		}
	}
}

func TestReadyString(t *testing.T) {
	if s := (Readable | Hangup).String(); s != "readable|hangup" {
		t.Error(s)
	}
	if s := Ready(0).String(); s != "nothing" {
		t.Error(s)
	}
}

func TestMillisRoundUp(t *testing.T) {
	for ns, ms := range map[int64]int{-1: -1, 0: 0, 1: 1, 1e6: 1, 1e6 + 1: 2, math.MaxInt64 - 1e6: 1<<31 - 1} {
		if got := millis(ns); got != ms {
			t.Errorf("millis(%d) = %d, want %d", ns, got, ms)
		}
	}
}

func TestPatienceCountsDown(t *testing.T) {
	p := newPatience(int64(time.Hour))
	if !p.again() || p.left <= 0 || p.left > int64(time.Hour) {
		t.Errorf("an hour became %d", p.left)
	}
	p = newPatience(1)
	for p.again() {
	}
	if p.left != 0 {
		t.Errorf("left %d", p.left)
	}
	if p = newPatience(-1); !p.again() || p.left != -1 {
		t.Errorf("for ever became %d", p.left)
	}
	if p = newPatience(0); p.again() {
		t.Error("a call that must not block is made again")
	}
}
