package trace

import "testing"

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
