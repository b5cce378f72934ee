package trace

import (
	"sync/atomic"
	"time"
)

// Time.
//
// A ring stamps an event with a key, and the recorder merges by key. What a key
// is depends on the source:
//
//	hardware   the processor's counter, turned into nanoseconds by the recorder
//	system     nanoseconds of the monotonic clock since New
//	virtual    a serial number; the time itself, which may stand still while
//	           thousands of things happen, is kept beside it (Ring.stamps)
//
// All three have what merging needs: if one event was published, and another
// thread saw it and made a second, the second's key is not less (and is greater
// wherever the counter ticks faster than a cache line travels, which is all but
// the slowest arm64 counters).
type timeSource struct {
	hardware bool
	system   func() int64
	virtual  func() int64  // nil: real time
	serial   atomic.Uint64 // virtual: the last key given
	paused   atomic.Bool   // nothing is recorded (Recorder.SetPaused)
}

// key returns the key of an event that happens now.
//
//go:norace
func (s *timeSource) key() int64 {
	switch {
	case s.virtual != nil:
		return int64(s.serial.Add(1))
	case s.hardware:
		return tick()
	}
	return s.system()
}

// A timeline turns keys into nanoseconds since its start. It is a line through
// anchors, pairs of a key and the nanoseconds that the clock showed with it, so
// it never runs backwards: keys in order give times in order. The last anchor
// is always younger than the keys that are turned.
type timeline struct {
	src     *timeSource
	start   time.Time
	anchors []anchor // in order; at least one
	last    int64    // the last time given
	slope   float64  // of the line from anchors[0] to anchors[1]; 0: not known
}

type anchor struct{ key, ns int64 }

func newTimeline(src *timeSource) *timeline {
	t := &timeline{src: src, start: time.Now()}
	t.anchor()
	return t
}

// anchor adds the present. Keys up to now can be turned after it.
func (t *timeline) anchor() {
	if t.src.virtual != nil {
		return
	}
	var best anchor
	width := int64(-1)
	for range 3 { // the narrowest of three: the thread may lose its core in between
		k0 := t.src.key()
		ns := int64(time.Since(t.start))
		k1 := t.src.key()
		if d := k1 - k0; width < 0 || d < width {
			best, width = anchor{k0 + d/2, ns}, d
		}
	}
	if n := len(t.anchors); n > 0 {
		prev := t.anchors[n-1]
		if best.key <= prev.key {
			return
		}
		best.ns = max(best.ns, prev.ns)
	}
	t.anchors = append(t.anchors, best)
}

// at returns the time of key, or with a virtual clock stamp. Calls are made in
// order of key, so anchors that have been passed are dropped. Times never
// decrease.
func (t *timeline) at(key, stamp int64) int64 {
	ns := stamp
	if t.src.virtual == nil {
		ns = t.between(key)
	}
	t.last = max(t.last, ns)
	return t.last
}

func (t *timeline) between(key int64) int64 {
	for len(t.anchors) > 2 && key > t.anchors[1].key {
		t.anchors, t.slope = t.anchors[1:], 0
	}
	a := t.anchors[0]
	if len(t.anchors) == 1 {
		return a.ns
	}
	b := t.anchors[1]
	if t.slope == 0 {
		t.slope = float64(b.ns-a.ns) / float64(b.key-a.key)
	}
	return min(a.ns+int64(float64(key-a.key)*t.slope), b.ns)
}

// trim forgets all anchors but the last two: no key before them is left.
func (t *timeline) trim() {
	if n := len(t.anchors); n > 2 {
		t.anchors, t.slope = append(t.anchors[:0], t.anchors[n-2:]...), 0
	}
}
