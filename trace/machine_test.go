package trace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// stands describes a machine, without what a snapshot can't tell (since when)
// and without what it need not when events contradict each other: who has which P, and whether that is idle.
func stands(m *Machine) map[string]any {
	d := map[string]any{"procs": m.Procs, "global": m.Global.List(-1), "step": m.Step}
	for _, g := range m.Sorted() {
		what := []any{g.Status, g.Entry, g.Site, g.Parent}
		switch g.Status {
		case GRunning:
			what = append(what, g.M, g.P)
		case GWaiting:
			what = append(what, g.Why, g.Obj, g.Holder)
		}
		d[fmt.Sprint("g", g.ID)] = what
	}
	for i := range m.Ps {
		if p := m.Ps[i]; p.Runnext != 0 || p.Runq.Len() > 0 {
			d[fmt.Sprint("p", i)] = []any{p.Runnext, p.Runq.List(-1)}
		}
	}
	return d
}

// randomRun makes events that a runtime could make, more or less.
func randomRun(r *rand.Rand, n int) []Event {
	kinds := []Kind{KGoCreate, KGoCreate, KGoStart, KGoStart, KGoPark, KGoReady, KGoYield, KGoExit, KGoBlock, KGoUnblock,
		KSteal, KOverflow, KGlobGet, KMStart, KMStop, KPAcquire, KPIdle, KHandoff, KRetake, KProcs}
	events := make([]Event, n)
	for i := range events {
		k := kinds[r.IntN(len(kinds))]
		e := Event{Time: int64(i), Kind: k, M: int32(r.IntN(4)), P: int16(r.IntN(4)), G: uint64(r.IntN(20) + 1), A: uint64(r.IntN(20) + 1)}
		switch k {
		case KGoCreate, KGoReady, KGoYield, KGoStart:
			e.Sub = uint8(QRunnext) + uint8(r.IntN(3))
		case KGoUnblock:
			e.A = uint64(r.IntN(2))
		case KSteal:
			e.A, e.B, e.C = uint64(r.IntN(4)), uint64(r.IntN(3)), uint64(r.IntN(20)+1)
		case KMStart, KHandoff, KRetake:
			e.A, e.B = uint64(r.IntN(4)), uint64(r.IntN(4))
		case KProcs:
			e.B = uint64(r.IntN(4) + 1)
		}
		events[i] = e
	}
	return events
}

func TestMachineFollowsARun(t *testing.T) {
	var m Machine
	m.WriteEvents([]Event{
		{Kind: KProcs, B: 2, M: -1, P: -1},
		{Kind: KGoCreate, Sub: uint8(QRunnext), A: 1, B: 100, C: 200, M: -1, P: 0},
		{Kind: KGoCreate, Sub: uint8(QRunnext), A: 2, G: 1, P: 0},
		{Kind: KGoStart, G: 2, Sub: uint8(QRunnext), M: 0, P: 0},
		{Kind: KGoCreate, Sub: uint8(QLocal), A: 3, G: 2, P: 0},
		{Kind: KGoCreate, Sub: uint8(QLocal), A: 4, G: 2, P: 0},
		{Kind: KSteal, A: 0, B: 2, C: 3, M: 1, P: 1},
		{Kind: KGoStart, G: 3, Sub: uint8(QSteal), M: 1, P: 1},
		{Time: 9, Kind: KGoPark, G: 2, Sub: uint8(WaitMutexLock), A: 0xc0, C: 3, M: 0, P: 0},
	})
	if q := m.Ps[0].Runq.List(-1); !reflect.DeepEqual(q, []uint64{4}) {
		t.Errorf("p0.runq %v: the thief takes the oldest, g1 and g3", q)
	}
	if q := m.Ps[1].Runq.List(-1); !reflect.DeepEqual(q, []uint64{1}) {
		t.Errorf("p1.runq %v", q)
	}
	if g := m.Gs[3]; g.Status != GRunning || g.P != 1 || m.Ps[1].G != 3 || m.Ms[1].G != 3 {
		t.Errorf("g3 %+v, p1 %+v, m1 %+v", g, m.Ps[1], m.Ms[1])
	}
	if g := m.Gs[2]; g.Status != GWaiting || g.Why != WaitMutexLock || g.Obj != 0xc0 || g.Holder != 3 || g.Since != 9 || m.Ps[0].G != 0 {
		t.Errorf("g2 %+v, p0 %+v", g, m.Ps[0])
	}
}

func TestSnapshotTellsHowAMachineStands(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var m, copy Machine
		m.WriteEvents(randomRun(r, 400))
		events := m.Snapshot(nil)
		if events[0].A != uint64(len(events)-1) {
			t.Fatalf("says %d events follow, %d do", events[0].A, len(events)-1)
		}
		copy.WriteEvents(events)
		if !copy.Telling() {
			t.Fatal("the last event told is not known as such")
		}
		copy.Apply(&Event{Kind: KTimer, Time: m.Now})
		if copy.Telling() {
			t.Fatal("an event after those told is taken for one of them")
		}
		if a, b := stands(&m), stands(&copy); !reflect.DeepEqual(a, b) {
			for k := range a {
				if !reflect.DeepEqual(a[k], b[k]) {
					t.Errorf("%s: %v, told as %v", k, a[k], b[k])
				}
			}
			t.FailNow()
		}
	}
}

// recordingOf returns a recording of events.
func recordingOf(t testing.TB, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, func(uint64) Symbol { return Symbol{"f", "f.go", 1} })
	for len(events) > 0 {
		n := min(len(events), batchEvents)
		if err := w.WriteEvents(events[:n]); err != nil {
			t.Fatal(err)
		}
		events = events[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// few events between marks: a recording of a size fit for tests has several.
const few = 4000

func TestIndexFindsEveryMoment(t *testing.T) {
	events := randomRun(rand.New(rand.NewPCG(3, 4)), 3*few+1000)
	file := recordingOf(t, events)
	x, err := newIndex(bytes.NewReader(file), few)
	if err != nil {
		t.Fatal(err)
	}
	if x.Events != uint64(len(events)) || x.Damage != nil || x.Bytes != int64(len(file)) || len(x.marks) < 3 {
		t.Fatalf("%d events, %d marks, %d of %d bytes, damage %v", x.Events, len(x.marks), x.Bytes, len(file), x.Damage)
	}
	var want Machine
	done := 0
	for _, at := range []int64{0, 100, few - 1, few + 700, 2*few + 1500, int64(len(events)) - 1} {
		want.WriteEvents(events[done : at+1])
		done = int(at) + 1
		m, n, err := x.Machine(bytes.NewReader(file), at)
		if err != nil || int(n) != done {
			t.Fatalf("at %d: %d events, %v", at, n, err)
		}
		if a, b := stands(&want), stands(m); !reflect.DeepEqual(a, b) {
			t.Errorf("at %d: stands %v, want %v", at, b, a)
		}
	}
}

func TestWindowHoldsWhatHappenedInIt(t *testing.T) {
	events := randomRun(rand.New(rand.NewPCG(5, 6)), 2*few)
	file := recordingOf(t, events)
	x, err := newIndex(bytes.NewReader(file), few)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range [][2]int64{{0, 10}, {5, 5}, {1000, 5000}, {few + 300, few + 900}, {1 << 40, 1 << 41}} {
		var got slice
		if err := x.Window(bytes.NewReader(file), w[0], w[1], &got); err != nil {
			t.Fatal(err)
		}
		want := events[min(w[0], int64(len(events))):min(w[1]+1, int64(len(events)))]
		if w[0] > 0 {
			if got[0].Kind != KState {
				t.Fatalf("%v begins with %v", w, got[0].Kind)
			}
			got = got[1+got[0].A:]
		}
		if !(len(got) == 0 && len(want) == 0) && !reflect.DeepEqual([]Event(got), want) {
			t.Errorf("%v: %d events, want %d", w, len(got), len(want))
		}
	}
}

// slice is a sink in memory.
type slice []Event

func (s *slice) WriteEvents(events []Event) error { *s = append(*s, events...); return nil }
func (s *slice) Close() error                     { return nil }

// Who starts leaves its queue without being taken from its head: what is left
// behind must not pile up.
func TestQueuesOfAMachineDontGrow(t *testing.T) {
	var m Machine
	for i := range 100_000 {
		g := uint64(i%10 + 1)
		m.Apply(&Event{Kind: KGoReady, A: g, Sub: uint8(QLocal)})
		m.Apply(&Event{Kind: KGoStart, G: g})
	}
	if n := cap(m.Ps[0].Runq.items); n > 1000 {
		t.Errorf("room for %d entries in a queue that never had more than one", n)
	}
}
