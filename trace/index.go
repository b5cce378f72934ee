package trace

import (
	"io"
	"math"
	"slices"
	"time"
)

// An Index is what one pass over a recording leaves, so that any part of it can
// be read without what comes before: a mark every so many events, from which a
// Machine can be set up. It is not changed once it is made: any number of
// goroutines may read with it.
type Index struct {
	Header  Header
	Events  uint64
	Elapsed time.Duration
	Bytes   int64 // up to the end or the damage
	Damage  error // why the rest can't be read; nil: the recording is whole
	OfGo    bool  // of Go's own runtime, not of weft's

	marks   []mark
	symbols map[uint64]Symbol
}

// mark is the beginning of a chunk of events.
type mark struct {
	offset int64
	events uint64 // before it
	time   int64  // of the last of them
	state  []Event
}

const (
	markEvery = 1 << 17 // events
	maxMarked = 1 << 21 // events in the states of all marks; 64 bytes each
)

// NewIndex reads a recording to its end. An error that is not in the recording
// itself is returned; what is, is the Index's Damage.
func NewIndex(r io.Reader) (*Index, error) { return newIndex(r, markEvery) }

func newIndex(r io.Reader, every uint64) (*Index, error) {
	x := &Index{marks: []mark{{}}}
	in := NewReader(r)
	var m Machine
	next, stored := every, 0
	for {
		atChunk := len(in.rest) == 0
		e, err := in.Next()
		if err != nil {
			x.Header, x.symbols, x.Bytes = in.Header(), in.symbols, in.chunkAt
			if err == io.EOF {
				x.Bytes = in.offset
				return x, nil
			}
			if _, ok := err.(*FormatError); !ok {
				return nil, err
			}
			x.Damage = err
			return x, nil
		}
		if atChunk && x.Events >= next {
			state := m.Snapshot(nil)
			x.marks = append(x.marks, mark{in.chunkAt, x.Events, m.Now, state})
			for stored += len(state); stored > maxMarked && len(x.marks) > 2; {
				every *= 2
				stored = x.thin()
			}
			next = x.Events + every
		}
		m.Apply(&e)
		x.OfGo = x.OfGo || e.Kind >= KEntry && e.Kind <= KGCStop
		x.Events++
		x.Elapsed = time.Duration(m.Now)
	}
}

// thin forgets every second mark and returns how many events the others have.
func (x *Index) thin() (stored int) {
	kept := x.marks[:0]
	for i, k := range x.marks {
		if i%2 == 0 {
			kept = append(kept, k)
			stored += len(k.state)
		}
	}
	clear(x.marks[len(kept):])
	x.marks = kept
	return stored
}

// Symbol says what a program counter stands for in the recorded process.
func (x *Index) Symbol(pc uint64) Symbol { return x.symbols[pc] }

// Machine returns the machine as it was at a time, having applied all events up
// to it, and how many those were. r is the recording that x was made of.
func (x *Index) Machine(r io.ReadSeeker, at int64) (m *Machine, events uint64, err error) {
	m = new(Machine)
	err = x.read(r, at, math.MaxInt64, m, func(e *Event, n uint64) error {
		events = n
		return io.EOF
	})
	if err == nil && events == 0 {
		events = x.Events
	}
	return m, events, err
}

// Window gives the events from one time to another, both included, to sink,
// which it does not close. They begin with a KState, and what belongs to it,
// unless they begin with the recording. r is the recording that x was made of.
func (x *Index) Window(r io.ReadSeeker, from, to int64, sink Sink) error {
	var m Machine
	batch := make([]Event, 0, batchEvents)
	flush := func() error {
		defer func() { batch = batch[:0] }()
		return sink.WriteEvents(batch)
	}
	begun := false
	err := x.read(r, from-1, to, &m, func(e *Event, n uint64) error {
		if !begun && n > 0 {
			batch = m.Snapshot(batch)
		}
		begun = true
		if batch = append(batch, *e); len(batch) >= batchEvents {
			return flush()
		}
		return nil
	})
	if err == nil && !begun {
		batch = m.Snapshot(batch)
	}
	if err == nil && len(batch) > 0 {
		err = flush()
	}
	return err
}

// read applies the events up to time at to m, and calls rest with those after
// it up to time to, each with the number of events before it. rest ends the
// reading with io.EOF.
func (x *Index) read(r io.ReadSeeker, at, to int64, m *Machine, rest func(e *Event, n uint64) error) error {
	i, _ := slices.BinarySearchFunc(x.marks, at, func(k mark, t int64) int {
		if k.time <= t {
			return -1
		}
		return 1
	})
	k := x.marks[max(i-1, 0)]
	if _, err := r.Seek(k.offset, io.SeekStart); err != nil {
		return err
	}
	in := NewReader(r)
	if k.offset > 0 {
		in.begun, in.offset, in.count = true, k.offset, k.events
	}
	m.WriteEvents(k.state)
	for n := k.events; n < x.Events; n++ {
		e, err := in.Next()
		if err != nil {
			return err // it was there when the index was made
		}
		if e.Time > to {
			break
		}
		if e.Time <= at {
			m.Apply(&e)
			continue
		}
		if err := rest(&e, n); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
