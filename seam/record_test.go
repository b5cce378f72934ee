package seam

import (
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/weftgo/weft/trace"
)

// A writer writes into a ring as the hooks do.
type writer struct {
	r     *ring
	m     int32
	chunk int
	n     int
}

func (w *writer) take(sequence uint64) {
	for i := range int(w.r.head.chunks) {
		if atomic.CompareAndSwapUint32(w.r.state(i), chunkFree, chunkTaken) {
			count, _, _ := w.r.chunk(i)
			*(*int64)(unsafe.Add(unsafe.Pointer(count), 8)) = int64(w.m)
			*(*uint64)(unsafe.Add(unsafe.Pointer(count), 16)) = sequence
			w.chunk, w.n = i, 0
			return
		}
	}
	panic("no chunk is free")
}

func (w *writer) put(e trace.Event) {
	e.M = w.m
	w.r.events(w.chunk, w.n, w.n+1)[0] = e
	w.n++
	count, _, _ := w.r.chunk(w.chunk)
	atomic.StoreUint64(count, uint64(w.n))
}

func (w *writer) give() { atomic.StoreUint32(w.r.state(w.chunk), chunkGiven) }

type kept struct{ events []trace.Event }

func (k *kept) WriteEvents(events []trace.Event) error {
	k.events = append(k.events, events...)
	return nil
}

func (k *kept) Close() error { return nil }

// play records what write writes.
func play(t *testing.T, all bool, write func(r *ring)) ([]trace.Event, Stats) {
	t.Helper()
	rec, err := NewRecorder(find(t), all)
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	rec.Start(Entry{}, &k)
	rec.ring.head.claimed = 1
	write(rec.ring)
	stats, err := rec.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return k.events[1:], stats // without the entry
}

func TestEventsOfAllMsComeInOrder(t *testing.T) {
	const each = 5000 // several chunks
	events, _ := play(t, true, func(r *ring) {
		perChunk := (ringChunkSize - ringChunkHead) / int(unsafe.Sizeof(trace.Event{}))
		ws := []*writer{{r: r, m: 0}, {r: r, m: 1}, {r: r, m: 2}}
		sequence := uint64(0)
		for i := range each {
			for j, w := range ws {
				if i%perChunk == 0 {
					if i > 0 {
						w.give()
					}
					sequence++
					w.take(sequence)
				}
				w.put(trace.Event{Kind: trace.KMSpin, Time: int64(i*len(ws) + j), A: uint64(i)})
			}
		}
	})
	if len(events) != 3*each {
		t.Fatalf("%d events, want %d", len(events), 3*each)
	}
	for i, e := range events {
		if e.Time != int64(i) || e.M != int32(i%3) || e.A != uint64(i/3) {
			t.Fatalf("event %d is %+v", i, e)
		}
	}
}

func TestNotesGoIntoTheirEvents(t *testing.T) {
	events, _ := play(t, false, func(r *ring) {
		w := &writer{r: r, m: 0}
		w.take(1)
		at := int64(0)
		put := func(k trace.Kind, sub uint8, g, a uint64) {
			at++
			w.put(trace.Event{Kind: k, Sub: sub, G: g, A: a, Time: at})
		}
		put(trace.KGoCreate, 0, 1, 7)
		put(trace.KStack, 1, 1, 7)
		put(rawPut, uint8(trace.QRunnext), 0, 7)
		put(rawObject, uint8(objectSema), 1, 0x1008)
		put(trace.KGoPark, uint8(trace.WaitSyncWaitGroup), 1, 0)
		put(rawGot, uint8(trace.QRunnext), 0, 7)
		put(trace.KGoStart, 0, 7, 0)
		put(rawObject, uint8(objectWrite), 7, 5)
		put(trace.KGoPark, uint8(trace.WaitIORead), 7, 0)
		put(trace.KTimer, 0, 0, 0)
		put(trace.KGoReady, 0, 0, 1)
		put(rawPut, uint8(trace.QLocal), 0, 1)
		put(trace.KSteal, 0, 0, 1)
		w.r.events(w.chunk, w.n-1, w.n)[0].C = 1
		put(trace.KGoStart, 0, 1, 0)
		put(trace.KRetake, 1, 0, 0)
		put(trace.KSysret, 0, 1, 1)
	})
	want := []trace.Event{
		{Kind: trace.KGoCreate, Sub: uint8(trace.QRunnext), G: 1, A: 7},
		{Kind: trace.KStack, Sub: 1, G: 1, A: 7},
		{Kind: trace.KGoPark, Sub: uint8(trace.WaitSyncWaitGroup), G: 1, A: 0x1000},
		{Kind: trace.KGoStart, Sub: uint8(trace.QRunnext), G: 7},
		{Kind: trace.KGoPark, Sub: uint8(trace.WaitIOWrite), G: 7, A: 5},
		{Kind: trace.KTimer},
		{Kind: trace.KGoReady, Sub: uint8(trace.QLocal), A: 1, B: 0x1000, C: uint64(trace.ByTimer)},
		{Kind: trace.KSteal, A: 1, C: 1},
		{Kind: trace.KGoStart, Sub: uint8(trace.QSteal), G: 1},
		{Kind: trace.KRetake, Sub: 1},
		{Kind: trace.KGoBlock, G: 1, P: -1}, // its P was taken
		{Kind: trace.KGoUnblock, G: 1, A: 1},
	}
	for i := range max(len(events), len(want)) {
		var got, exp trace.Event
		if i < len(events) {
			got = events[i]
			got.Time = 0
		}
		if i < len(want) {
			exp = want[i]
		}
		if got != exp {
			t.Errorf("event %d is %+v, want %+v", i, got, exp)
		}
	}
}

// A chunk that was given back is used again, and what does not fit is counted.
func TestChunksAreUsedAgainAndLossIsTold(t *testing.T) {
	events, stats := play(t, true, func(r *ring) {
		w := &writer{r: r, m: 0}
		for i := range 3 {
			w.take(uint64(i + 1))
			w.put(trace.Event{Kind: trace.KMSpin, Time: int64(i)})
			w.give()
			for atomic.LoadUint32(r.state(w.chunk)) != chunkFree { // the reader frees it
				runtime.Gosched()
			}
		}
		atomic.AddUint64(&r.head.lost, 9)
	})
	if len(events) != 3 || stats.Lost != 9 || stats.Events != 4 || !stats.Started {
		t.Errorf("%d events, %+v", len(events), stats)
	}
}
