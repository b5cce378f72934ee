package trace

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestSummaryAddsUpWhatEachCoroutineDid(t *testing.T) {
	s := Summarize([]Event{
		{Time: 10, Kind: KGoCreate, G: 0, A: 1, B: 0xa, C: 0xb},
		{Time: 15, Kind: KGoStart, G: 1},
		{Time: 20, Kind: KGoCreate, G: 1, A: 2, B: 0xc, C: 0xd},
		{Time: 30, Kind: KGoPark, G: 1, Sub: uint8(WaitChanReceive), A: 0xc0},
		{Time: 31, Kind: KGoStart, G: 2},
		{Time: 50, Kind: KGoReady, G: 2, A: 1, B: 0xc0},
		{Time: 55, Kind: KGoBlock, G: 2},
		{Time: 56, Kind: KHandoff},
		{Time: 57, Kind: KGoStart, G: 1},
		{Time: 60, Kind: KGoUnblock, G: 2},
		{Time: 64, Kind: KGoPark, G: 1, Sub: uint8(WaitSleep), A: 9},
		{Time: 66, Kind: KSteal, A: 0, B: 4, C: 2},
		{Time: 67, Kind: KGoStart, G: 2},
		{Time: 80, Kind: KGoExit, G: 2},
		{Time: 90, Kind: KGoReady, A: 1, C: uint64(ByTimer)},
		{Time: 95, Kind: KLost, A: 3},
	}, fakeSymbol)

	g1, g2 := *s.Gs[0], *s.Gs[1]
	if len(s.Gs) != 2 || g1.ID != 1 || g2.ID != 2 {
		t.Fatalf("Gs %+v", s.Gs)
	}
	if g1.Entry != "fake.fa" || g1.Site != "f.go:11" || g2.Creator != 1 || g1.Exited || !g2.Exited {
		t.Errorf("g1 %+v\ng2 %+v", g1, g2)
	}
	if g1.Running != 15+7 || g1.Runnable != 5+7+5 || g1.Waiting != 20+26 || g1.Native != 0 || g1.Executed != 2 {
		t.Errorf("g1 %+v", g1)
	}
	if g2.Running != 24+13 || g2.Runnable != 11+7 || g2.Waiting != 0 || g2.Native != 5 || g2.Executed != 2 {
		t.Errorf("g2 %+v", g2)
	}
	if g1.Parked["chan receive"] != (Wait{1, 20}) || s.Parked["sleep"] != (Wait{1, 26}) {
		t.Errorf("parked %v, in all %v", g1.Parked, s.Parked)
	}
	if s.Created != 2 || s.Exited != 1 || s.Executed != 4 || s.Readied != 2 || s.Steals != 1 || s.Stolen != 4 ||
		s.Handoffs != 1 || s.Lost != 3 || s.Events != 16 || s.Elapsed != 95 {
		t.Errorf("%+v", s)
	}
	if s.ReadiedBy["timer"] != 1 || s.ReadiedBy["coroutine"] != 1 {
		t.Errorf("readied by %v", s.ReadiedBy)
	}
	if h := s.Latency; h.Count != 4 || h.Sum != 5+11+7+7 || h.Max != 11 {
		t.Errorf("latency %+v", h)
	}
}

func TestLatencyCountsOnlyWhatIsKnown(t *testing.T) {
	s := Summarize([]Event{
		{Time: 10, Kind: KGoStart, G: 1}, // made before the recording began
		{Time: 20, Kind: KGoPark, G: 1, Sub: uint8(WaitIORead), A: 7},
		{Time: 30, Kind: KGoStart, G: 1}, // readied before it was parked
	}, nil)
	if s.Latency.Count != 0 || s.Executed != 2 {
		t.Errorf("%+v", s)
	}
}

func TestSummaryIsTheSameInPieces(t *testing.T) {
	events := someEvents(1000)
	whole, err := json.Marshal(Summarize(events, fakeSymbol))
	if err != nil {
		t.Fatal(err)
	}
	s := NewSummary(fakeSymbol)
	for i := range events {
		s.WriteEvents(events[i : i+1])
	}
	s.Close()
	pieces, _ := json.Marshal(s)
	if !bytes.Equal(whole, pieces) {
		t.Error("summaries differ")
	}
}

func TestSummaryText(t *testing.T) {
	events := []Event{{Time: 500, Kind: KLost, A: 2}}
	for id := range uint64(25) {
		t0 := int64(id) * 10_000
		events = append(events,
			Event{Time: t0 + 1000, Kind: KGoCreate, A: id, B: 0xa, C: 0xb},
			Event{Time: t0 + 3000, Kind: KGoStart, G: id},
			Event{Time: t0 + 3000, Kind: KGoPark, G: id, Sub: uint8(WaitCond), A: 1},
			Event{Time: t0 + 4000, Kind: KGoReady, A: id})
	}
	var b bytes.Buffer
	if err := Summarize(events, fakeSymbol).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"101 events in 244µs, and 2 events lost", "25 created", "wsync.Cond.Wait  25     25µs    1µs",
		"half ≤ 2µs", "< 2.048µs", "g3 fake.fa", "f.go:11", "and 5 more",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := Summarize(nil, nil).WriteText(&b); err != nil || !strings.Contains(b.String(), "0 events") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestHistogramQuantilesBoundWhatWasCounted(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("nothing counted")
	}
	for d := range time.Duration(1000) {
		h.Add(d)
	}
	h.Add(-5)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 1} {
		got, exact := h.Quantile(q), time.Duration(q*1000)-1
		if got < exact || got > 2*exact+2 {
			t.Errorf("quantile %v is %v, exactly %d", q, got, exact)
		}
	}
}
