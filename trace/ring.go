package trace

import (
	"sync"
	"sync/atomic"
)

// A ring has one writer and one reader.
//
// The writer is whoever owns the P; ownership passes from M to M by an atomic
// word of the scheduler, so their writes are ordered. The ring of P -1 has many
// writers and a mutex. The reader is the recorder.
//
//	state = events ever written << 1 | 1 while one is being written
//	head  = events ever read
//
// An event is published by the store to state that follows its last field, and
// its slot is given back by the store to head that follows the reader's copy:
// both are releases, so neither side sees a slot before the other has left it.
//
// The low bit serves order between rings. It is set before the event's key is
// read, so the reader can tell a ring that is quiet from one whose writer lost
// its thread in between and will publish an old key late. See Recorder.pass.
//
// A full ring drops the new event and counts it. The count goes into the ring
// as a KLost event before the next event that fits, and what is still uncounted
// when the recorder stops is added by the recorder: written + lost is exactly
// what was emitted.

// Ring holds the events of one P until the recorder takes them. Get one from
// [Recorder.Ring] or [Recorder.Shared].
type Ring struct {
	// Set when the ring is made.
	buf    []Event // Time holds the key
	stamps []int64 // virtual clock: the times
	mask   uint64
	src    *timeSource
	wake   chan<- struct{} // tells the recorder that half the ring is used
	mu     *sync.Mutex     // many writers; nil for one
	slow   bool            // Emit must take the long way
	p      int16

	_ [128]byte // the writer's own cache lines
	// The writer's. state and dropped are read by the reader.
	state   atomic.Uint64
	limit   atomic.Uint64 // the state at which something must be looked at: room. Also set to 0 by whoever pauses
	lost    uint64        // dropped since the last event that fitted
	dropped atomic.Uint64 // dropped ever

	_ [128]byte // the reader's own cache lines
	// The reader's. head is read by the writer.
	head    atomic.Uint64
	lastKey int64   // of the last event taken
	counted uint64  // lost events that the KLost events taken account for
	pending []Event // taken, and not yet given to the sinks; in order, Time holds the key
	times   []int64 // virtual clock: of pending, what stamps says
	done    int     // how many of pending have been
}

func newRing(p, size int, src *timeSource, wake chan<- struct{}) *Ring {
	r := &Ring{
		buf:  make([]Event, size),
		mask: uint64(size - 1),
		src:  src,
		wake: wake,
		p:    int16(p),
		slow: raceEnabled || p < 0 || !src.hardware || src.virtual != nil,

		lastKey: src.key(),
	}
	r.limit.Store(uint64(size)) // half of it, as a state
	if src.virtual != nil {
		r.stamps = make([]int64, size)
	}
	if p < 0 {
		r.mu = new(sync.Mutex)
	}
	return r
}

// Emit records an event at the present time, on the ring's P. It never blocks
// and never allocates: when the ring is full, the event is dropped and counted.
//
// For the ring of a P, only the owner of that P may call it; for the shared
// ring, anybody.
//
//go:norace
func (r *Ring) Emit(kind Kind, sub uint8, m int32, g, a, b, c uint64) {
	if r.slow {
		r.emitSlow(kind, sub, m, g, a, b, c)
		return
	}
	s := r.state.Load()
	if s >= r.limit.Load() {
		if !r.room(0) {
			return
		}
		s = r.state.Load()
	}
	storeRel64(&r.state, s|1)
	e := &r.buf[s>>1&r.mask]
	e.Time = tick()
	e.G, e.A, e.B, e.C = g, a, b, c
	e.M, e.P, e.Kind, e.Sub = m, r.p, kind, sub
	storeRel64(&r.state, s+2)
}

// EmitTwo is Emit of two events of one moment, for the price of one and a half: who
// leaves the P, and who comes. Time and P are set here.
//
//go:norace
func (r *Ring) EmitTwo(one, two *Event) {
	s := r.state.Load()
	if r.slow || s+2 >= r.limit.Load() {
		r.Emit(one.Kind, one.Sub, one.M, one.G, one.A, one.B, one.C)
		r.Emit(two.Kind, two.Sub, two.M, two.G, two.A, two.B, two.C)
		return
	}
	storeRel64(&r.state, s|1)
	now := tick()
	one.Time, one.P, two.Time, two.P = now, r.p, now, r.p
	r.buf[s>>1&r.mask] = *one
	r.buf[(s>>1+1)&r.mask] = *two
	storeRel64(&r.state, s+4)
}

// emitSlow is Emit for a shared ring, for other clocks than the hardware's and
// under the race detector.
//
//go:norace
func (r *Ring) emitSlow(kind Kind, sub uint8, m int32, g, a, b, c uint64) {
	var stamp int64
	if r.src.virtual != nil {
		stamp = r.src.virtual() // the user's code: before raceIgnore
	}
	raceIgnore()
	if r.mu != nil {
		r.mu.Lock()
	}
	if r.state.Load() < r.limit.Load() || r.room(stamp) {
		s := r.state.Load()
		storeRel64(&r.state, s|1)
		r.put(s, Event{Time: r.src.key(), G: g, A: a, B: b, C: c, M: m, P: r.p, Kind: kind, Sub: sub}, stamp)
		storeRel64(&r.state, s+2)
	}
	if r.mu != nil {
		r.mu.Unlock()
	}
	raceNotice()
}

//go:norace
func (r *Ring) put(s uint64, e Event, stamp int64) {
	i := s >> 1 & r.mask
	r.buf[i] = e
	if r.stamps != nil {
		r.stamps[i] = stamp
	}
}

// room is called when the state reaches limit. It reports whether there is room
// for one event more, having accounted for those lost before it; if not, it
// counts this one as lost. It wakes the recorder when half the ring is used.
//
//go:norace
func (r *Ring) room(stamp int64) bool {
	if r.src.paused.Load() {
		return false
	}
	size := r.mask + 1
	written := r.state.Load() >> 1
	used := written - r.head.Load()
	if used >= size/2 {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	need := uint64(1)
	if r.lost > 0 {
		need = 2
	}
	if size-used < need {
		r.lost++
		storeRel64(&r.dropped, r.dropped.Load()+1)
		return false
	}
	if r.lost > 0 {
		s := written << 1
		storeRel64(&r.state, s|1)
		r.put(s, Event{Time: r.src.key(), Kind: KLost, A: r.lost, M: -1, P: r.p}, stamp)
		r.lost = 0
		storeRel64(&r.state, s+2)
		used++
		written++
	}
	// Look again when half the ring is used, or all of it.
	ahead := size - used
	if used < size/2 {
		ahead = size/2 - used
	}
	r.limit.Store((written + ahead) << 1)
	if r.src.paused.Load() { // since it was looked at: the store has undone what the pause had stored
		r.limit.Store(0)
	}
	return true
}

// take moves what the ring holds to pending, at most until pending has limit
// events. It returns the key of the last event taken, and whether the ring is
// known to have another, which can be no older than that one.
//
//go:norace
func (r *Ring) take(limit int) (last int64, more bool) {
	raceIgnore()
	defer raceNotice()
	s := r.state.Load()
	head, end := r.head.Load(), s>>1
	more = s&1 != 0
	if room := uint64(max(0, limit-(len(r.pending)-r.done))); end-head > room {
		end, more = head+room, true
	}
	r.forgetDone()
	from := len(r.pending)
	for head < end {
		at := head & r.mask
		n := min(end-head, r.mask+1-at)
		r.pending = append(r.pending, r.buf[at:at+n]...)
		if r.stamps != nil {
			r.times = append(r.times, r.stamps[at:at+n]...)
		}
		head += n
	}
	storeRel64(&r.head, head)
	for i := range r.pending[from:] {
		e := &r.pending[from+i]
		if e.Kind == KLost {
			r.counted += e.A
		}
		r.lastKey = max(r.lastKey, e.Time)
		e.Time = r.lastKey
	}
	return r.lastKey, more
}

// forgetDone keeps of pending what has not been given away.
func (r *Ring) forgetDone() {
	if r.done == 0 {
		return
	}
	r.pending = r.pending[:copy(r.pending, r.pending[r.done:])]
	if r.stamps != nil {
		r.times = r.times[:copy(r.times, r.times[r.done:])]
	}
	r.done = 0
}

// takeLost returns how many events were lost since the last KLost event. It is
// called once, when no more events are taken.
//
//go:norace
func (r *Ring) takeLost() uint64 {
	raceIgnore()
	defer raceNotice()
	return r.dropped.Load() - r.counted
}

// addLost appends to pending an event that says that n events were lost.
func (r *Ring) addLost(n uint64) {
	r.pending = append(r.pending, Event{Time: r.lastKey, Kind: KLost, A: n, M: -1, P: r.p})
	if r.stamps != nil {
		r.times = append(r.times, 0) // not before those given: see timeline.at
	}
}
