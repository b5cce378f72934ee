package trace

import (
	"errors"
	"math"
	"sync"
	"time"
)

// The recorder's drain.
//
// One goroutine looks at all rings in passes, merges what they hold by key, and
// gives the result to the sinks. Only it touches the reader's side of a ring,
// the timeline and the sinks; mu guards the list of rings and the life cycle.
//
// What is given to the sinks is in order, exactly. Event e may be given away in
// a pass only when no event with a lesser key can turn up in a later one. Take
// a cut, a key read at least settle before the pass looked at any ring, and an
// emit that this pass did not see. Its writer sets the ring's busy bit, then
// reads its key. Either the bit was visible to the pass, and the ring reported
// that it has more: then its key is not less than the last one taken from that
// ring. Or it was not visible; a store becomes visible well within settle, so it
// was made after the cut, and the key, read after it, is greater than the cut.
// So the least of the cut and of those last keys is safe. (A thread that is
// taken off its core with a store in flight finishes the store first.)
//
// A writer is never held up: a slow sink delays passes, rings fill, and what
// does not fit is counted. A writer that stays suspended in the middle of an
// emit makes pending lists grow to pendingRings rings each; then rings fill too.
const (
	settle       = 200 * time.Microsecond
	passEvery    = 10 * time.Millisecond // while there are events
	idleEvery    = 50 * time.Millisecond // after a while without
	flushTries   = 5000                  // at least settle apart, before Flush gives up on a writer that stays suspended
	pendingRings = 4
	batchEvents  = 1024
	ringEvents   = 1 << 15
)

// Options configure a [Recorder].
type Options struct {
	// RingEvents is how many events each P can have made before the recorder
	// takes them; more are counted as lost. It is rounded up to a power of
	// two, at least 4. 0 means 32,768, which is 1.5 MB for each P.
	RingEvents int

	// Clock, if not nil, is a virtual clock: it gives each event's time in
	// nanoseconds. It is called by whoever emits. Nil means real time, which
	// counts from New.
	Clock func() int64

	// Sinks are given every event, in order of time.
	Sinks []Sink

	// Served, if not nil, returns how many requests the program has served so
	// far and how many connections it has: the recording tells of it some ten
	// times a second while it changes (KServed). It is called by the recorder's
	// goroutine, from Start on, and must not block.
	Served func() (requests, conns uint64)

	// Keep keeps every event in memory, for Events. It is implied when there
	// are no sinks.
	Keep bool
}

// A Sink takes the events of a recording, as a [Writer] and a [Text] do. A
// Recorder calls it from one goroutine, never from those that emit: it may take
// its time, but while it does, rings may overflow. After its first error it is
// not called again.
type Sink interface {
	// WriteEvents takes the next events. It must not keep the slice.
	WriteEvents(events []Event) error
	// Close writes what is still to be written. It does not close a file that
	// the sink was given to write to.
	Close() error
}

// Recorder collects the events of one run of one runtime. Give it to the
// runtime, which starts it as it boots and stops it as it ends.
//
// Its methods may be called by any goroutine. Start, Flush and Stop block
// natively: in a coroutine, call them in weft.Block.
type Recorder struct {
	opts Options
	src  timeSource
	keep bool

	wake  chan struct{}
	flush chan chan struct{}
	stop  chan struct{}
	done  chan struct{} // the drain goroutine has ended
	end   sync.Once

	mu      sync.Mutex
	shared  *Ring
	rings   []*Ring // by P; nil for those not made yet
	started bool    // or stopped without having been

	// The drain's, and after Stop everybody's to read.
	served   served
	line     *timeline
	cut      int64 // the youngest cut, when it was made, and
	cutTime  time.Time
	safe     int64   // the cut before it, which has settled
	all      []*Ring // of allRings
	order    mergeHeap
	batch    []Event
	events   []Event // keep
	sinkErrs []error // by sink; not nil: it has failed
	err      error
}

// New returns a recorder that has not started. Its rings can be written to at
// once.
func New(opts Options) *Recorder {
	if opts.RingEvents <= 0 {
		opts.RingEvents = ringEvents
	}
	size := 4
	for size < opts.RingEvents {
		size *= 2
	}
	opts.RingEvents = size
	r := &Recorder{
		opts:     opts,
		keep:     opts.Keep || len(opts.Sinks) == 0,
		src:      timeSource{hardware: tickWorks, system: sinceNow(), virtual: opts.Clock},
		wake:     make(chan struct{}, 1),
		flush:    make(chan chan struct{}),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		sinkErrs: make([]error, len(opts.Sinks)),
		cut:      math.MinInt64,
		safe:     math.MinInt64,
	}
	r.line = newTimeline(&r.src)
	r.shared = newRing(-1, size, &r.src, r.wake)
	return r
}

// sinceNow returns a clock of the nanoseconds since the call.
func sinceNow() func() int64 {
	base := time.Now()
	return func() int64 { return int64(time.Since(base)) }
}

// Ring returns the ring of P p, made by the first call for that p. It may be
// called at any time. Ring(-1) is the shared ring.
func (r *Recorder) Ring(p int) *Ring {
	if p < 0 {
		return r.shared
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.rings) <= p {
		r.rings = append(r.rings, nil)
	}
	if r.rings[p] == nil {
		r.rings[p] = newRing(p, r.opts.RingEvents, &r.src, r.wake)
		if r.src.paused.Load() {
			r.rings[p].limit.Store(0)
		}
	}
	return r.rings[p]
}

// Shared returns the ring of everybody who has no P. Anybody may write to it,
// at the price of a mutex.
func (r *Recorder) Shared() *Ring { return r.shared }

// Start begins to collect; what was emitted before waits in the rings. A
// recorder records once: Start does nothing when it has been called before, or
// Stop has.
func (r *Recorder) Start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started {
		return
	}
	r.started = true
	r.served.at = time.Now()
	go r.drain()
}

// SetPaused has nothing recorded until it is called with false: what happens
// meanwhile is neither kept nor counted as lost, and costs what a recording that
// is off costs. Who reads on must be told how things stand then.
func (r *Recorder) SetPaused(paused bool) {
	r.src.paused.Store(paused)
	if !paused {
		return // a ring whose limit is 0 looks
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ring := range r.appendRings(nil) {
		ring.limit.Store(0)
	}
}

// Paused reports whether the recording is paused.
func (r *Recorder) Paused() bool { return r.src.paused.Load() }

// Flush returns when every event that was emitted before the call has been
// given to the sinks. It does nothing when the recorder is not running.
func (r *Recorder) Flush() {
	r.mu.Lock()
	running := r.started
	r.mu.Unlock()
	if !running {
		return
	}
	ack := make(chan struct{})
	select {
	case r.flush <- ack:
		<-ack
	case <-r.done:
	}
}

// Stop ends the recording: every event that was emitted before the call is
// given to the sinks, and they are closed. It returns the sinks' errors, joined.
// Every later call returns the same. What is emitted after Stop is not recorded.
func (r *Recorder) Stop() error {
	r.end.Do(func() {
		r.mu.Lock()
		running := r.started
		r.started = true
		r.mu.Unlock()
		if running {
			close(r.stop)
			<-r.done
			return
		}
		r.finish()
		close(r.done)
	})
	return r.err
}

// Events returns all events of the recording, in order of time, when the
// recorder has stopped and was made to keep them (see Options.Keep).
func (r *Recorder) Events() []Event {
	select {
	case <-r.done:
		return r.events
	default:
		return nil
	}
}

// drain is the goroutine that makes the passes.
func (r *Recorder) drain() {
	defer close(r.done)
	wait := passEvery
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-r.stop:
			r.finish()
			return
		case ack := <-r.flush:
			r.passUntil(r.src.key())
			close(ack)
		case <-r.wake:
		case <-timer.C:
		}
		if pending, _ := r.pass(); pending > 0 {
			wait = passEvery
		} else {
			wait = min(wait+wait/4, idleEvery)
		}
		timer.Reset(wait)
	}
}

// pass takes what the rings hold, and gives away what is safe. It returns how
// much there was, and the key up to which everything has been given away.
func (r *Recorder) pass() (pending int, safe int64) {
	now := time.Now()
	r.tellServed(now, false)
	if now.Sub(r.cutTime) >= settle {
		r.safe = r.cut
		r.cut, r.cutTime = r.src.key(), now
	}
	pending, safe = r.takeAll(pendingRings*r.opts.RingEvents, r.safe)
	r.merge(safe)
	return pending, safe
}

// passUntil makes passes until everything up to key has been given away.
func (r *Recorder) passUntil(key int64) {
	for range flushTries { // a time would pass while the machine stands still
		if _, safe := r.pass(); safe >= key {
			return
		}
		time.Sleep(settle)
	}
}

// takeAll takes what the rings hold, up to limit pending events each. It
// returns how many are pending now, and the key up to which they may be given
// away, which is at most safe.
func (r *Recorder) takeAll(limit int, safe int64) (pending int, until int64) {
	for _, ring := range r.allRings() {
		last, more := ring.take(limit)
		if more {
			safe = min(safe, last)
		}
		pending += len(ring.pending)
	}
	return pending, safe
}

// allRings returns the rings that exist, the shared one first.
func (r *Recorder) allRings() []*Ring {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = r.appendRings(r.all[:0])
	return r.all
}

func (r *Recorder) appendRings(all []*Ring) []*Ring {
	all = append(all, r.shared)
	for _, ring := range r.rings {
		if ring != nil {
			all = append(all, ring)
		}
	}
	return all
}

// merge gives the pending events up to key until away, in order.
func (r *Recorder) merge(until int64) {
	r.line.anchor()
	r.order = r.order[:0]
	for _, ring := range r.allRings() {
		if len(ring.pending) > 0 {
			r.order = append(r.order, ring)
		}
	}
	for r.order.init(); len(r.order) > 0; {
		ring := r.order[0]
		if ring.pending[ring.done].Time > until {
			break
		}
		r.run(ring, until, r.order.second())
		r.order.fixFirst()
	}
	r.give()
	if len(r.order) == 0 {
		r.line.trim()
	}
}

// run moves ring's first event to the batch, and those after it that come before
// the first event of every other ring, whose key is other.
func (r *Recorder) run(ring *Ring, until, other int64) {
	until = min(until, other-1)
	for {
		e := &ring.pending[ring.done]
		var stamp int64
		if ring.stamps != nil {
			stamp = ring.times[ring.done]
		}
		r.batch = append(r.batch, *e)
		r.batch[len(r.batch)-1].Time = r.line.at(e.Time, stamp)
		if len(r.batch) == batchEvents {
			r.give()
		}
		ring.done++
		if ring.done == len(ring.pending) || ring.pending[ring.done].Time > until {
			return
		}
	}
}

// give hands the batch to memory and to every sink that has not failed.
func (r *Recorder) give() {
	if len(r.batch) == 0 {
		return
	}
	if r.keep {
		r.events = append(r.events, r.batch...)
	}
	for i, s := range r.opts.Sinks {
		if r.sinkErrs[i] == nil {
			r.sinkErrs[i] = s.WriteEvents(r.batch)
		}
	}
	r.batch = r.batch[:0]
}

// finish gives everything away and closes the sinks. Nothing that was emitted
// before Stop can be missing: its emit had returned, so it is in a ring.
func (r *Recorder) finish() {
	r.tellServed(time.Now(), true)
	r.takeAll(math.MaxInt, 0)
	for _, ring := range r.allRings() {
		if n := ring.takeLost(); n > 0 {
			ring.addLost(n)
		}
	}
	r.merge(math.MaxInt64)
	for i, s := range r.opts.Sinks {
		if err := s.Close(); r.sinkErrs[i] == nil {
			r.sinkErrs[i] = err
		}
	}
	r.err = errors.Join(r.sinkErrs...)
}

// mergeHeap is a binary heap of rings by the key of their first pending event.
// Every ring in it has one.
type mergeHeap []*Ring

func (h mergeHeap) less(i, j int) bool {
	a, b := h[i], h[j]
	ka, kb := a.pending[a.done].Time, b.pending[b.done].Time
	return ka < kb || ka == kb && a.p < b.p
}

// second returns the least key of all rings but the first.
func (h mergeHeap) second() int64 {
	least := int64(math.MaxInt64)
	for _, ring := range h[1:min(len(h), 3)] {
		least = min(least, ring.pending[ring.done].Time)
	}
	return least
}

func (h mergeHeap) init() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

// fixFirst restores the heap after an event was taken from the first ring,
// which leaves when that was its last.
func (h *mergeHeap) fixFirst() {
	s := *h
	if s[0].done == len(s[0].pending) {
		last := len(s) - 1
		s[0] = s[last]
		s = s[:last]
		*h = s
	}
	s.down(0)
}

func (h mergeHeap) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h.less(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
