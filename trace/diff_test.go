package trace

import (
	"bytes"
	"strings"
	"testing"
)

func compare(t *testing.T, a, b []byte) *Difference {
	t.Helper()
	d, err := Compare(NewReader(bytes.NewReader(a)), NewReader(bytes.NewReader(b)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// moved is what another run of the same decisions looks like: later, elsewhere in
// memory, on another M, with other numbers.
func moved(events []Event) []Event {
	var out []Event
	for _, e := range events {
		e.Time += 1000
		e.M++
		if e.G != 0 {
			e.G += 40
		}
		switch e.Kind {
		case KGoCreate, KGoReady:
			e.A += 40
		case KGoPark:
			e.A += 0x1000
		}
		out = append(out, e, Event{Time: e.Time, Kind: KTimer, M: -1, P: -1})
	}
	return out
}

func TestCompareSeesDecisionsOnly(t *testing.T) {
	events := after(two,
		Event{Time: 10, Kind: KGoPark, G: 1, Sub: uint8(WaitMutexLock), A: 0xb0},
		Event{Time: 20, Kind: KGoReady, G: 2, A: 1, B: 0xb0},
		Event{Time: 30, Kind: KGoExit, G: 2, M: 1, P: 1})
	d := compare(t, written(t, events), written(t, moved(events)))
	if !d.Same || d.First != nil || len(d.Story) != len(events)-1 { // all but procresize
		t.Errorf("%+v", d)
	}
}

func TestCompareFindsTheFirstDifference(t *testing.T) {
	a := after(two, Event{Time: 10, Kind: KGoYield, G: 1}, Event{Time: 20, Kind: KGoStart, G: 2}, Event{Time: 30, Kind: KGoExit, G: 2})
	b := after(two, Event{Time: 10, Kind: KGoYield, G: 1}, Event{Time: 25, Kind: KGoStart, G: 1}, Event{Time: 30, Kind: KGoExit, G: 1})
	d := compare(t, written(t, a), written(t, b))
	at := int64(len(two) + 1)
	if d.Same || d.First == nil || d.First.A != (Moment{at, 20}) || d.First.B != (Moment{at, 25}) {
		t.Fatalf("%+v", d.First)
	}
	if !strings.Contains(d.First.Text.EN, "execute g2") || !strings.Contains(d.First.Text.EN, "in the other: [m0 p0 g0] execute g1") {
		t.Errorf("says %q", d.First.Text.EN)
	}
	if n := len(d.Story); n != len(a)-1 || d.Story[n-1].T != 30 {
		t.Errorf("the story has %d sentences", n)
	}
}

func TestCompareSeesThatOneEndsEarlier(t *testing.T) {
	a := after(two, Event{Time: 10, Kind: KGoExit, G: 1})
	long, short := written(t, a), written(t, a[:len(a)-1])
	if d := compare(t, long, short); d.Same || d.First.B.I != int64(len(two)) || !strings.HasPrefix(d.First.Text.EN, "The second ends") {
		t.Errorf("%+v", d.First)
	}
	if d := compare(t, short, long); d.Same || d.First.A.I != int64(len(two)) || !strings.HasPrefix(d.First.Text.EN, "The first ends") {
		t.Errorf("%+v", d.First)
	}
}

func TestCompareOfDamagedRecordings(t *testing.T) {
	whole := written(t, two)
	if d := compare(t, whole[:len(whole)-3], whole); !d.Same {
		t.Errorf("%+v: the events are the same, only the end mark is missing", d)
	}
}
