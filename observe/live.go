package observe

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/weftgo/weft/trace"
)

// A Live feed.
//
// The recorder's drain calls WriteEvents; viewers come and go as they like. mu
// guards everything here, and is held for encoding and copying slices, never
// while anything is sent: a viewer has a queue of its own, and when that is full
// it misses events (viewer.go). So the worst that viewers can do is make passes
// of the drain longer by the price of a snapshot now and then, which is bounded
// (snapshotShare).
//
// Invariants: machine is what all events so far add up to. Each segment is whole
// chunks and begins with a snapshot of the machine at that time, so the history
// can begin with any of them. symbols holds the symbol chunks of all events so
// far, segments hold none, so that a stream is head + symbols + segments.
type Live struct {
	info Info
	on   chan struct{} // closed when the run has ended
	left chan struct{} // closed when the last of those viewers that Close waits for has left

	mu       sync.Mutex
	closed   bool
	farewell bool // Close waits for left
	machine  trace.Machine
	stream   *trace.Stream
	symbols  []byte
	segments []*segment
	events   uint64 // of the run
	lost     uint64 // of those, that did not fit into their ring
	viewers  map[*viewer]bool
	scratch  []trace.Event
	took     time.Duration // the last snapshot
	indexed  uint64        // events when index was made
	index    *trace.Index
	history  []byte
}

// segment is a piece of the history.
type segment struct {
	b      []byte
	events uint64
	least  int // how long it must be before the next begins
}

const (
	segmentBytes  = 1 << 20
	historyBytes  = 16 << 20
	farewell      = 100 * time.Millisecond // farewells times that, viewers have to take the end of a run:
	farewells     = 20                     // in pieces, since of these only one passes while the machine stands still
	snapshotShare = 20                     // at most this part of the drain's time goes into snapshots for viewers
)

// NewLive returns a feed that shows nothing yet. symbol says what the program
// counters in its events stand for; nil means those of this process. info names
// it; its Kind is set.
func NewLive(info Info, symbol func(pc uint64) trace.Symbol) *Live {
	info.Kind = "live"
	return &Live{info: info, on: make(chan struct{}), left: make(chan struct{}), viewers: make(map[*viewer]bool),
		stream: trace.NewStream(symbol)}
}

// WriteEvents takes the next events of the run and sends them on to viewers. It
// never fails and never waits for one.
func (l *Live) WriteEvents(events []trace.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segments) == 0 {
		l.newSegment()
	}
	l.machine.WriteEvents(events)
	for i := range events {
		if events[i].Kind == trace.KLost {
			l.lost += events[i].A
		}
	}
	l.events += uint64(len(events))
	symbols, b := l.encode(events)
	seg := l.segments[len(l.segments)-1]
	seg.b = append(seg.b, b...)
	seg.events += uint64(len(events))
	if len(seg.b) > seg.least {
		l.newSegment()
	}
	for v := range l.viewers {
		v.push(l, symbols, b, len(events))
	}
	return nil
}

// Close tells viewers that the run has ended and returns when they have heard of
// it, or have had a moment to: then the process may exit. The history can still
// be read.
//
// No wake-up is lost: viewers join and leave under mu, so whoever is there when
// Close looks finds farewell set when it leaves.
func (l *Live) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	close(l.on)
	l.farewell = len(l.viewers) > 0
	wait := l.farewell
	l.mu.Unlock()
	for range farewells {
		if !wait {
			break
		}
		select {
		case <-l.left:
			wait = false
		case <-time.After(farewell):
		}
	}
	return nil
}

// encode returns the chunks of events, and those of symbols new with them. The
// slices are the caller's.
func (l *Live) encode(events []trace.Event) (symbols, b []byte) {
	symbols, b = l.stream.Encode(events)
	l.symbols = append(l.symbols, symbols...)
	return symbols, b
}

// newSegment begins a segment with a snapshot, and forgets the oldest ones.
func (l *Live) newSegment() {
	_, b, n := l.snapshot()
	l.segments = append(l.segments, &segment{b, uint64(n), max(segmentBytes, 4*len(b))})
	total := 0
	for _, s := range l.segments {
		total += len(s.b)
	}
	for len(l.segments) > 2 && total > historyBytes {
		total -= len(l.segments[0].b)
		l.segments[0] = nil
		l.segments = l.segments[1:]
	}
}

// snapshot encodes how things stand.
func (l *Live) snapshot() (symbols, b []byte, events int) {
	began := time.Now()
	l.scratch = l.machine.Snapshot(l.scratch[:0])
	symbols, b = l.encode(l.scratch)
	l.took = time.Since(began)
	return symbols, b, len(l.scratch)
}

// ID returns the source's id.
func (l *Live) ID() string { return l.info.ID }

// Info describes the feed.
func (l *Live) Info() Info { return l.info }

// Open returns the history.
func (l *Live) Open() (io.ReadSeekCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return memory{bytes.NewReader(l.historyLocked())}, nil
}

// historyLocked puts the history together, if it has changed since.
func (l *Live) historyLocked() []byte {
	if l.history != nil && l.indexed == l.events {
		return l.history
	}
	b := l.stream.Head()
	b = append(b, l.symbols...)
	count := uint64(0)
	for _, s := range l.segments {
		b = append(b, s.b...)
		count += s.events
	}
	l.history, l.indexed, l.index = append(b, l.stream.End(count)...), l.events, nil
	return l.history
}

// Index reads the history.
func (l *Live) Index() (*trace.Index, error) {
	l.mu.Lock()
	b := l.historyLocked()
	x := l.index
	l.mu.Unlock()
	if x != nil {
		return x, nil
	}
	x, err := trace.NewIndex(bytes.NewReader(b))
	if err == nil && x.Damage != nil {
		err = errors.Join(errors.New("the history is damaged"), x.Damage)
	}
	l.mu.Lock()
	if len(b) > 0 && len(l.history) > 0 && &b[0] == &l.history[0] {
		l.index = x
	}
	l.mu.Unlock()
	return x, err
}

// Resync tells the feed how things stand, after events were not recorded: state
// is a KState and what belongs to it. What it leaves out of coroutines that the
// feed knows is kept: where they are from, and what they wait for.
func (l *Live) Resync(state []trace.Event) {
	var m trace.Machine
	m.WriteEvents(state)
	l.mu.Lock()
	for id, g := range m.Gs {
		old := l.machine.Gs[id]
		if old == nil {
			continue
		}
		g.Entry, g.Site, g.Parent = old.Entry, old.Site, old.Parent
		if g.Status == trace.GWaiting && old.Status == trace.GWaiting {
			g.Why, g.Obj, g.Holder, g.PC = old.Why, old.Obj, old.Holder, old.PC
		}
	}
	m.Now, m.Step = l.machine.Now, l.machine.Step
	l.mu.Unlock()
	l.WriteEvents(m.Snapshot(nil))
}
