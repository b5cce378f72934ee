package trace

import (
	"math"
	"testing"
)

// The drain is off: a ring that nobody empties, emptied by hand.
func BenchmarkEmit(b *testing.B) {
	r := New(Options{}).Ring(0)
	n := uint64(0)
	for b.Loop() {
		r.Emit(KGoPark, uint8(WaitChanReceive), 0, 7, 0xc000012080, 0x4a0000, 0)
		if n++; n&(r.mask/4) == 0 {
			r.head.Store(n)
		}
	}
	if r.dropped.Load() != 0 {
		b.Fatal("dropped", r.dropped.Load())
	}
}

// The price of an event that finds the ring full.
func BenchmarkEmitFull(b *testing.B) {
	r := New(Options{RingEvents: 4}).Ring(0)
	for b.Loop() {
		r.Emit(KGoPark, uint8(WaitChanReceive), 0, 7, 0xc000012080, 0x4a0000, 0)
	}
}

func BenchmarkEmitShared(b *testing.B) {
	r := New(Options{}).Shared()
	n := uint64(0)
	for b.Loop() {
		r.Emit(KGoReady, uint8(QGlobal), -1, 0, 3, 0xc000012080, uint64(ByGoroutine))
		if n++; n&(r.mask/4) == 0 {
			r.head.Store(n)
		}
	}
}

// discard is a sink that costs nothing.
type discard struct{ n int }

func (d *discard) WriteEvents(events []Event) error { d.n += len(events); return nil }
func (d *discard) Close() error                     { return nil }

func benchmarkDrained(b *testing.B, sink Sink) {
	rec := New(Options{Sinks: []Sink{sink}})
	rec.Start()
	r := rec.Ring(0)
	for b.Loop() {
		r.Emit(KGoPark, uint8(WaitChanReceive), 0, 7, 0xc000012080, 0x4a0000, 0)
	}
	b.StopTimer()
	if err := rec.Stop(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(r.dropped.Load())/float64(b.N)*100, "%lost")
}

func BenchmarkEmitDrained(b *testing.B) { benchmarkDrained(b, &discard{}) }

// counter is a file that is only measured.
type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

func BenchmarkEmitRecorded(b *testing.B) {
	var c counter
	benchmarkDrained(b, NewWriter(&c, nil))
	b.ReportMetric(float64(c.n)/float64(b.N), "bytes/event")
}

func BenchmarkTick(b *testing.B) {
	for b.Loop() {
		tick()
	}
}

// BenchmarkDrain is what an event costs after it was emitted: taken from two
// rings, merged, and encoded.
func BenchmarkDrain(b *testing.B) {
	for _, c := range []struct {
		name string
		sink Sink
	}{{"merged", &discard{}}, {"encoded", NewWriter(&counter{}, fakeSymbol)}} {
		b.Run(c.name, func(b *testing.B) {
			rec := New(Options{Sinks: []Sink{c.sink}})
			rings := []*Ring{rec.Ring(0), rec.Ring(1)}
			const n = ringEvents / 4
			for b.Loop() {
				b.StopTimer()
				for i := range n {
					drainedPair(rings[i/64%2], i)
				}
				b.StartTimer()
				rec.takeAll(math.MaxInt, 0)
				rec.merge(math.MaxInt64)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(2*n), "ns/event")
		})
	}
}

// drainedPair emits what a coroutine that parks and the next one make.
func drainedPair(r *Ring, i int) {
	r.Emit(KGoPark, uint8(WaitChanReceive), 0, uint64(i%50+1), 0xc000012080, 0, 0)
	r.Emit(KGoStart, uint8(QLocal), 0, uint64((i+1)%50+1), 0, 0, 0)
}
