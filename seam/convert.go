package seam

import (
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
	out    []trace.Event // from head on not yet taken
	head   int
	held   int              // one more than where in out the event is that made a G runnable last, 0 if it was taken
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
func (s *stream) add(e trace.Event) {
	switch e.Kind {
	case rawObject:
		s.object[e.G] = noted{objectKind(e.Sub), e.A}
	case rawPut:
		s.queued(e.A, e.Sub)
	case rawGot:
		s.got, s.gotOf = e.A, trace.Queue(e.Sub)
	default:
		s.event(e)
	}
}

// queued puts into the event that made g runnable which queue g went to. The
// note comes shortly after the event, with only what describes g between.
func (s *stream) queued(g uint64, queue uint8) {
	if s.held == 0 {
		return
	}
	if e := &s.out[s.held-1]; e.A == g || e.Kind == trace.KGoYield && e.G == g {
		e.Sub = queue
		s.held = 0
	}
}

// next returns the next event, nil if there is none.
func (s *stream) next() *trace.Event {
	if s.head == len(s.out) {
		s.out, s.head, s.held = s.out[:0], 0, 0
		return nil
	}
	return &s.out[s.head]
}

func (s *stream) event(e trace.Event) {
	timer := s.timer
	s.timer = e.Kind == trace.KTimer || timer && e.Kind == trace.KGoReady
	switch e.Kind {
	case trace.KGoPark:
		s.park(&e)
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
	s.out = append(s.out, e)
	if e.Kind == trace.KGoCreate || e.Kind == trace.KGoReady || e.Kind == trace.KGoYield {
		s.held = len(s.out)
	}
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

// park completes a KGoPark with its object.
func (s *stream) park(e *trace.Event) {
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
	heads   []*stream         // those that have events, while take runs
}

func newStory(all bool, symbol func(pc uint64) trace.Symbol) story {
	return story{
		all: all, symbol: symbol, system: make(map[uint64]bool), parked: make(map[uint64]uint64),
		running: make(map[int32]uint64), native: make(map[uint64]bool), retook: make(map[uint64]uint64),
	}
}

// take returns the events of all streams up to a time, in order, with what is
// known of them.
func (s *story) take(streams map[int32]*stream, until int64) []trace.Event {
	s.heads = s.heads[:0]
	for _, st := range streams {
		if st.next() != nil {
			s.heads = append(s.heads, st)
		}
	}
	var out []trace.Event
	for {
		st := s.earliest()
		if st == nil || st.next().Time > until {
			return out
		}
		e := *st.next()
		st.head++
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
}

// earliest returns the stream whose next event comes before those of the
// others, nil if none has any.
func (s *story) earliest() (first *stream) {
	for i := 0; i < len(s.heads); i++ {
		st := s.heads[i]
		if st.next() == nil {
			s.heads[i] = s.heads[len(s.heads)-1]
			s.heads = s.heads[:len(s.heads)-1]
			i--
		} else if first == nil || st.next().Time < first.next().Time {
			first = st
		}
	}
	return first
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
