package trace

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// FuzzWhatReadsRecordings gives any events to everything that reads a recording
// for people: it must end, and without a panic. The checksum is made to fit, or
// few inputs would come through.
func FuzzWhatReadsRecordings(f *testing.F) {
	events := randomRun(rand.New(rand.NewPCG(9, 9)), 300)
	var m Machine
	m.WriteEvents(events)
	for _, events := range [][]Event{events, m.Snapshot(nil), two, {{Time: 1 << 62}, {Kind: KProcs, B: 1 << 40, G: 1 << 63}}} {
		var payload []byte
		prev := &noEvent
		for i := range events {
			payload = appendEvent(payload, prev, &events[i])
			prev = &events[i]
		}
		f.Add(payload, int64(10), int64(200))
		f.Add(payload, int64(0), int64(1<<62))
	}
	f.Fuzz(func(t *testing.T, payload []byte, from, to int64) {
		if len(payload) > 1<<12 {
			return
		}
		var file bytes.Buffer
		w := NewWriter(&file, fakeSymbol)
		w.begin()
		w.buf = append(w.buf[:0], payload...)
		w.chunk(chunkEvents)
		b := file.Bytes()
		x, err := NewIndex(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err) // the bytes can be read, whatever is in them
		}
		for _, q := range Questions() {
			a, err := Ask(Query{ID: q.ID, G: 3, Object: 5}, x.Symbol)
			if err != nil {
				t.Fatal(err)
			}
			if err := x.Window(bytes.NewReader(b), from, to, a); err != nil {
				t.Fatal(err)
			}
			a.Answer().WriteText(io.Discard, "zh")
		}
		if _, _, err := x.Machine(bytes.NewReader(b), from); err != nil {
			t.Fatal(err)
		}
		if _, err := Compare(NewReader(bytes.NewReader(b)), NewReader(bytes.NewReader(b))); err != nil {
			t.Fatal(err)
		}
	})
}
