package seam

import (
	"slices"

	"github.com/weftgo/weft/trace"
)

// From what the hooks write to events of package trace, in two passes.
//
// A stream takes what one M has written, in its order: notes are put into the
// event that they belong to. After it every event says all that its M knows.
//
// A story takes the events of all Ms in the order of their times, and adds what
// one M can't know: what a G that is readied had parked on. It leaves out the
// Gs that are the runtime's own, unless they are asked for.

// stream is what one M has written.
type stream struct {
	out    []trace.Event
	held   *trace.Event     // made a G runnable; the queue is in the note that may follow
	frames []uint64         // notes not yet used
	object map[uint64]noted // by G
	got    uint64           // the G last taken from a queue, and
	gotOf  trace.Queue      // which one
	timer  bool             // the last event was a timer that fired
}

type noted struct {
	kind  objectKind
	value uint64
}

func newStream() *stream { return &stream{object: make(map[uint64]noted)} }

// add takes the next raw event.
func (s *stream) add(e trace.Event, site func([]uint64) uint64) {
	switch e.Kind {
	case rawFrames:
		for _, pc := range [...]uint64{e.G, e.A, e.B, e.C, uint64(e.Time)} {
			if pc != 0 {
				s.frames = append(s.frames, pc)
			}
		}
	case rawObject:
		s.object[e.G] = noted{objectKind(e.Sub), e.A}
	case rawPut:
		if h := s.held; h != nil && (h.A == e.A || h.Kind == trace.KGoYield && h.G == e.A) {
			h.Sub = e.Sub
			s.flush()
		}
	case rawGot:
		s.got, s.gotOf = e.A, trace.Queue(e.Sub)
	default:
		s.event(e, site)
	}
}

// flush gives out the event that is held back.
func (s *stream) flush() {
	if s.held != nil {
		s.out = append(s.out, *s.held)
		s.held = nil
	}
}

// describes reports whether an event of kind k tells more of the G whose
// creation came before it.
func describes(k trace.Kind) bool {
	return k == trace.KStack || k == trace.KGoEntry || k == trace.KGoArg
}

func (s *stream) event(e trace.Event, site func([]uint64) uint64) {
	if s.held != nil && s.held.Kind == trace.KGoCreate && describes(e.Kind) {
		// The queue comes after these: the creation waits for it, and they wait behind.
		s.out = append(s.out, e)
		return
	}
	s.flush()
	timer := s.timer
	s.timer = e.Kind == trace.KTimer || timer && e.Kind == trace.KGoReady
	switch e.Kind {
	case trace.KGoPark:
		s.park(&e, site)
	case trace.KSyscall:
		e.A = site(s.frames)
	case trace.KGoStart:
		if s.got == e.G {
			e.Sub = uint8(s.gotOf)
		}
		s.got = 0
	case trace.KSteal:
		s.got, s.gotOf = e.C, trace.QSteal
	case trace.KPIdle:
		e.P = int16(e.A)
	case trace.KPInit:
		e.P = int16(e.B)
	case trace.KGoReady:
		if trace.Cause(e.C) == trace.ByNetpoll {
			s.got, s.gotOf = e.A, trace.QNetpoll // unless it is queued, and taken from there
		}
		if e.G == 0 && trace.Cause(e.C) == trace.ByCoroutine {
			e.C = uint64(causeOf(timer, e.P))
		}
	}
	s.frames = s.frames[:0]
	if e.Kind == trace.KGoCreate || e.Kind == trace.KGoReady {
		s.held = &e
		return
	}
	s.out = append(s.out, e)
}

// causeOf says who made a G runnable where no G did.
func causeOf(timer bool, p int16) trace.Cause {
	switch {
	case timer:
		return trace.ByTimer
	case p < 0:
		return trace.BySysmon
	}
	return trace.ByGoroutine
}

// park completes a KGoPark: its object, and the line that parks.
func (s *stream) park(e *trace.Event, site func([]uint64) uint64) {
	e.B = site(s.frames)
	o, ok := s.object[e.G]
	delete(s.object, e.G)
	if !ok {
		return
	}
	e.A = o.value
	switch {
	case o.kind == objectWrite:
		e.Sub = uint8(trace.WaitIOWrite)
	case o.kind == objectSema:
		e.A -= semaOffset[trace.Reason(e.Sub)]
	}
}

// semaOffset is where in its type the semaphore is that a goroutine sleeps on.
var semaOffset = map[trace.Reason]uint64{
	trace.WaitSyncMutexLock:    4,
	trace.WaitSyncRWMutexLock:  8,
	trace.WaitSyncRWMutexRLock: 12,
	trace.WaitSyncWaitGroup:    8,
	trace.WaitSyncCond:         16,
}

// story puts the events of all Ms in order.
type story struct {
	all     bool // the runtime's own Gs too
	start   int64
	last    int64
	symbol  func(pc uint64) trace.Symbol
	system  map[uint64]bool   // Gs that are the runtime's own
	parked  map[uint64]uint64 // the object that a G is parked on
	running map[int32]uint64  // the G that an M began to run last
	retook  map[uint64]uint64 // a P that sysmon took: the M that lost it
	native  map[uint64]bool   // Gs in a system call without a P
	folded  uint64            // events left out
	pending []trace.Event
}

func newStory(all bool, symbol func(pc uint64) trace.Symbol) story {
	return story{
		all: all, symbol: symbol, system: make(map[uint64]bool), parked: make(map[uint64]uint64),
		running: make(map[int32]uint64), native: make(map[uint64]bool), retook: make(map[uint64]uint64),
	}
}

// take returns the pending events up to a time, in order, with what is known of
// them. With force it returns all.
func (s *story) take(until int64, force bool) []trace.Event {
	slices.SortStableFunc(s.pending, func(a, b trace.Event) int { return int(a.Time - b.Time) })
	n := len(s.pending)
	if !force {
		n, _ = slices.BinarySearchFunc(s.pending, until, func(e trace.Event, t int64) int { return int(e.Time - t) })
	}
	var out []trace.Event
	for _, e := range s.pending[:n] {
		s.last = max(s.last, e.Time-s.start)
		e.Time = s.last
		if !s.tell(&e) {
			s.folded++
			continue
		}
		out = append(out, e)
		if e.Kind == trace.KRetake {
			out = s.caught(out, &e)
		}
	}
	s.pending = append(s.pending[:0], s.pending[n:]...)
	return out
}

// tell completes e and reports whether it is to be shown.
func (s *story) tell(e *trace.Event) bool {
	switch e.Kind {
	case trace.KGoCreate:
		if system(s.symbol(e.B).Func) {
			s.system[e.A] = true
		}
	case trace.KRetake:
		s.retook[e.A] = e.B
	case trace.KHandoff:
		if m, ok := s.retook[e.A]; ok {
			e.B = m
			delete(s.retook, e.A)
		}
	case trace.KGoStart:
		s.running[e.M] = e.G
	case trace.KSysret:
		if s.native[e.G] || e.A == 0 {
			e.Kind = trace.KGoUnblock
			delete(s.native, e.G)
		}
	case trace.KGoPark:
		s.parked[e.G] = e.A
	case trace.KGoReady:
		if trace.Cause(e.C) != trace.ByNetpoll {
			e.B = s.parked[e.A]
		}
	}
	return s.all || !s.noise(e)
}

// caught appends that the G whose P was taken from its M goes on without it.
func (s *story) caught(out []trace.Event, e *trace.Event) []trace.Event {
	m := int32(e.B)
	g := s.running[m]
	if g == 0 || s.system[g] && !s.all {
		return out
	}
	s.native[g] = true
	return append(out, trace.Event{Time: e.Time, Kind: trace.KGoBlock, G: g, M: m, P: -1})
}

// noise reports whether e is about a G of the runtime's own.
func (s *story) noise(e *trace.Event) bool {
	switch e.Kind {
	case trace.KGoCreate, trace.KGoReady, trace.KGoEntry, trace.KGoArg:
		return s.system[e.A]
	case trace.KSteal:
		return s.system[e.C]
	case trace.KStack:
		return e.A != 0 && s.system[e.A]
	case trace.KGCStop:
		return true
	}
	return e.G != 0 && s.system[e.G]
}
