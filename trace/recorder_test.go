package trace

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// emit records an event that is known by its number.
func emit(r *Ring, n uint64) { r.Emit(KFork, 3, 5, 7, n, n+1, n+2) }

func numbered(n uint64) *Event {
	return &Event{Kind: KFork, Sub: 3, M: 5, G: 7, A: n, B: n + 1, C: n + 2}
}

// stopped stops rec and returns its events.
func stopped(t *testing.T, rec *Recorder) []Event {
	t.Helper()
	if err := rec.Stop(); err != nil {
		t.Fatal(err)
	}
	return rec.Events()
}

// tally returns the numbers of the events in order, and how many were lost.
func tally(events []Event) (numbers []uint64, lost uint64) {
	for _, e := range events {
		if e.Kind == KLost {
			lost += e.A
		} else {
			numbers = append(numbers, e.A)
		}
	}
	return numbers, lost
}

func checkAscending(t *testing.T, events []Event) {
	t.Helper()
	for i := range events[1:] {
		if events[i].Time > events[i+1].Time {
			t.Fatalf("event %d at %d is before event %d at %d", i+1, events[i+1].Time, i, events[i].Time)
		}
	}
}

func TestEmittedEventComesBackWhole(t *testing.T) {
	for _, p := range []int{-1, 0, 3} {
		rec := New(Options{})
		rec.Start()
		rec.Ring(p).Emit(KSteal, 2, 4, 9, 1<<63, math.MaxUint64, 8)
		events := stopped(t, rec)
		if len(events) != 1 {
			t.Fatalf("p%d: %d events", p, len(events))
		}
		if events[0].Time < 0 || events[0].Time > 1e12 {
			t.Errorf("p%d: time %d", p, events[0].Time)
		}
		events[0].Time = 0
		want := Event{G: 9, A: 1 << 63, B: math.MaxUint64, C: 8, M: 4, P: int16(p), Kind: KSteal, Sub: 2}
		if events[0] != want {
			t.Errorf("p%d: got %+v, want %+v", p, events[0], want)
		}
	}
}

func TestFullRingDropsTheNewAndSaysWhere(t *testing.T) {
	rec := New(Options{RingEvents: 4})
	r := rec.Ring(0)
	for n := range uint64(10) {
		emit(r, n)
	}
	r.take(100)
	for n := range uint64(2) {
		emit(r, 10+n)
	}
	r.take(100)
	for n := range uint64(7) {
		emit(r, 12+n)
	}
	got := ""
	for _, e := range stopped(t, rec) {
		if e.Kind == KLost {
			got += fmt.Sprintf("(%d lost on p%d) ", e.A, e.P)
		} else {
			got += fmt.Sprint(e.A, " ")
		}
	}
	const want = "0 1 2 3 (6 lost on p0) 10 11 12 13 14 15 (3 lost on p0) "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Where one slot is free, the count of those lost has no room: the event that
// would follow it is lost too.
func TestLostCountNeedsRoomForTheNextEvent(t *testing.T) {
	rec := New(Options{RingEvents: 4})
	r := rec.Ring(0)
	for n := range uint64(6) {
		emit(r, n)
	}
	r.take(1)
	emit(r, 6)
	r.take(math.MaxInt)
	emit(r, 7)
	numbers, lost := tally(stopped(t, rec))
	if fmt.Sprint(numbers) != "[0 1 2 3 7]" || lost != 3 {
		t.Errorf("%v, %d lost", numbers, lost)
	}
}

func TestRingIsBusyWhenAKeyIsRead(t *testing.T) {
	rec := New(Options{RingEvents: 4})
	rec.src.hardware = false
	clock := rec.src.system
	for _, r := range []*Ring{rec.Ring(0), rec.Shared()} {
		busy := 0
		rec.src.system = func() int64 {
			busy += int(r.state.Load() & 1)
			return clock()
		}
		for n := range uint64(5) {
			emit(r, n)
		}
		r.take(math.MaxInt)
		emit(r, 5) // with a KLost event before it
		if busy != 6 || r.state.Load() != 6<<1 {
			t.Errorf("p%d: busy for %d keys of 6, state %d", r.p, busy, r.state.Load())
		}
		rec.src.system = clock
	}
}

// The short way of Emit has no seam to look through: this looks from outside,
// until it happens to see it.
func TestRingIsBusyWhileAnEventIsWritten(t *testing.T) {
	r := New(Options{}).Ring(0)
	if r.slow {
		t.Skip("there is only the long way here")
	}
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("one thread can't look at another's work while it is being done")
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := uint64(0); ; n++ {
			select {
			case <-stop:
				return
			default:
				emit(r, n)
			}
		}
	}()
	busy := false
	for i := 0; i < 1e7 && !busy; i++ {
		_, busy = r.take(math.MaxInt)
		r.pending = r.pending[:0]
		runtime.Gosched()
	}
	close(stop)
	<-done
	if !busy {
		t.Error("never seen busy")
	}
}

func TestNothingIsGivenAwayBeforeItHasSettled(t *testing.T) {
	for range 20 {
		rec := New(Options{})
		rec.pass()
		start := time.Now()
		emit(rec.Ring(0), 1)
		for len(rec.events) == 0 {
			rec.pass()
		}
		if d := time.Since(start); d < settle {
			t.Fatalf("given away %v after it was emitted", d)
		}
	}
}

func TestRingWrapsAtEveryOffset(t *testing.T) {
	rec := New(Options{RingEvents: 8})
	r := rec.Ring(0)
	n := uint64(0)
	for i := range 100 {
		for range i % 9 {
			emit(r, n)
			n++
		}
		r.take(math.MaxInt)
	}
	numbers, lost := tally(stopped(t, rec))
	if lost != 0 || uint64(len(numbers)) != n {
		t.Fatalf("%d of %d events, %d lost", len(numbers), n, lost)
	}
	for i, got := range numbers {
		if got != uint64(i) {
			t.Fatalf("event %d is number %d", i, got)
		}
	}
}

// Fails when EmitTwo takes a slot that is not free, leaves a ring busy, or counts
// what it drops as one.
func TestTwoEventsAtOnceAreAsTwo(t *testing.T) {
	record := func(two func(r *Ring, n uint64)) (all []Event) {
		rec := New(Options{RingEvents: 8})
		r := rec.Ring(0)
		n := uint64(0)
		for i := range 200 {
			for range i % 7 {
				two(r, n)
				n += 2
			}
			if emit(r, n); i%5 == 0 {
				continue // the ring fills
			}
			n++
			if _, busy := r.take(math.MaxInt); busy {
				t.Fatal("the ring is busy")
			}
		}
		for _, e := range stopped(t, rec) {
			e.Time = 0
			all = append(all, e)
		}
		return all
	}
	want := record(func(r *Ring, n uint64) { emit(r, n); emit(r, n+1) })
	got := record(func(r *Ring, n uint64) { r.EmitTwo(numbered(n), numbered(n+1)) })
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Writers as fast as they can, rings too small for them: what is recorded and
// what is counted as lost must add up exactly, ring by ring.
func TestNothingIsLostUncounted(t *testing.T) {
	const each = 50_000
	for _, size := range []int{4, 8, 64, 1024} {
		rec := New(Options{RingEvents: size})
		rec.Start()
		var wg sync.WaitGroup
		for p := range 3 {
			wg.Go(func() {
				r := rec.Ring(p)
				for n := range uint64(each) {
					emit(r, n)
					if n%1000 == 0 {
						rec.Flush()
					}
				}
			})
		}
		wg.Wait()
		events := stopped(t, rec)
		checkAscending(t, events)
		byP := map[int16][]Event{}
		for _, e := range events {
			byP[e.P] = append(byP[e.P], e)
		}
		for p := range int16(3) {
			next := uint64(0) // the number that is expected next
			for _, e := range byP[p] {
				if e.Kind == KLost {
					next += e.A
				} else if e.A != next || e.B != next+1 || e.C != next+2 {
					t.Fatalf("size %d, p%d: got %+v, want number %d", size, p, e, next)
				} else {
					next++
				}
			}
			if next != each {
				t.Errorf("size %d, p%d: %d events and losses, emitted %d", size, p, next, each)
			}
		}
	}
}

func TestSharedRingTakesManyWriters(t *testing.T) {
	rec := New(Options{})
	rec.Start()
	const writers, each = 8, 1000
	var wg sync.WaitGroup
	for w := range uint64(writers) {
		wg.Go(func() {
			for n := range uint64(each) {
				emit(rec.Shared(), w<<32|n)
			}
		})
	}
	wg.Wait()
	events := stopped(t, rec)
	checkAscending(t, events)
	numbers, lost := tally(events)
	if len(numbers) != writers*each || lost != 0 {
		t.Fatalf("%d events, %d lost", len(numbers), lost)
	}
	var next [writers]uint64
	for _, n := range numbers {
		if w := n >> 32; n&math.MaxUint32 != next[w] {
			t.Fatalf("writer %d: got %d, want %d", w, n&math.MaxUint32, next[w])
		}
		next[n>>32]++
	}
}

// A token goes from ring to ring; whoever has it emits. The recording must show
// the token's path, however the passes fall.
func TestCausesComeBeforeEffects(t *testing.T) {
	const rings, laps = 4, 3000
	rec := New(Options{})
	rec.Start()
	var token atomic.Uint64
	var wg sync.WaitGroup
	quit := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
				rec.Flush()
			}
		}
	})
	var writers sync.WaitGroup
	turn := make([]chan struct{}, rings)
	for i := range turn {
		turn[i] = make(chan struct{}, 1)
	}
	for p := range rings {
		writers.Go(func() {
			r := rec.Ring(p)
			for range laps {
				<-turn[p]
				emit(r, token.Load())
				token.Add(1)
				turn[(p+1)%rings] <- struct{}{}
			}
		})
	}
	turn[0] <- struct{}{}
	writers.Wait()
	close(quit)
	wg.Wait()
	numbers, _ := tally(stopped(t, rec))
	if len(numbers) != rings*laps {
		t.Fatalf("%d events, want %d", len(numbers), rings*laps)
	}
	for i, n := range numbers {
		if n != uint64(i) {
			t.Fatalf("event %d shows the token at step %d", i, n)
		}
	}
}

// A writer loses its thread between reading its key and publishing the event.
// Events of other rings that are younger must wait for it.
func TestSuspendedWriterHoldsBackYoungerEvents(t *testing.T) {
	rec := New(Options{})
	slow, fast := rec.Ring(0), rec.Ring(1)
	emit(slow, 0)
	emit(fast, 1)

	s := slow.state.Load()
	slow.state.Store(s | 1) // as Emit does
	key := rec.src.key()
	emit(fast, 3)
	rec.passUntilSettled()
	rec.passUntilSettled()
	if got, _ := tally(rec.events); len(got) > 2 {
		t.Fatalf("gave away %v while a writer was busy", got)
	}
	slow.put(s, Event{Time: key, Kind: KFork, A: 2, P: 0}, 0)
	slow.state.Store(s + 2)
	rec.passUntilSettled()
	rec.passUntilSettled()
	if got, _ := tally(rec.events); fmt.Sprint(got) != "[0 1 2 3]" {
		t.Errorf("got %v", got)
	}
}

// passUntilSettled makes passes until what was safe has changed.
func (r *Recorder) passUntilSettled() {
	for was := r.cut; r.safe <= was; {
		r.pass()
	}
}

func TestFlushGivesWhatWasEmittedBefore(t *testing.T) {
	var got recording
	rec := New(Options{Sinks: []Sink{&got}})
	rec.Start()
	for n := range uint64(20) {
		emit(rec.Ring(int(n%3)-1), n)
		rec.Flush()
		if numbers, _ := tally(got.events()); uint64(len(numbers)) != n+1 {
			t.Fatalf("after %d events and a flush the sink has %v", n+1, numbers)
		}
	}
	stopped(t, rec)
	rec.Flush() // must return
}

// recording is a sink that keeps what it gets.
type recording struct {
	mu     sync.Mutex
	all    []Event
	closed int
}

func (r *recording) WriteEvents(events []Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, events...)
	return nil
}

func (r *recording) Close() error { r.closed++; return nil }

func (r *recording) events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

func TestSinksAndMemoryGetTheSame(t *testing.T) {
	var a, b recording
	rec := New(Options{Sinks: []Sink{&a, &b}, Keep: true})
	rec.Start()
	for n := range uint64(5000) {
		emit(rec.Ring(int(n%4)), n)
	}
	kept := stopped(t, rec)
	if len(kept) != 5000 || fmt.Sprint(a.all) != fmt.Sprint(kept) || fmt.Sprint(b.all) != fmt.Sprint(kept) {
		t.Errorf("kept %d, sinks have %d and %d", len(kept), len(a.all), len(b.all))
	}
	if a.closed != 1 || b.closed != 1 {
		t.Errorf("closed %d and %d times", a.closed, b.closed)
	}
}

func TestStopIsIdempotentAndWorksWithoutStart(t *testing.T) {
	for _, start := range []bool{false, true} {
		var sink recording
		rec := New(Options{Sinks: []Sink{&sink}})
		if start {
			rec.Start()
			rec.Start()
		}
		emit(rec.Ring(0), 1)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := rec.Stop(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		rec.Start()
		if len(sink.all) != 1 || sink.closed != 1 {
			t.Errorf("start %v: %d events, closed %d times", start, len(sink.all), sink.closed)
		}
	}
}

func TestEmitAfterStopIsHarmless(t *testing.T) {
	rec := New(Options{RingEvents: 4})
	rec.Start()
	r := rec.Ring(0)
	stopped(t, rec)
	for n := range uint64(100) {
		emit(r, n)
		emit(rec.Ring(7), n)
	}
	if n := len(rec.Events()); n != 0 {
		t.Errorf("%d events", n)
	}
}

// stuck is a sink that does not come back until it is let go.
type stuck struct {
	entered, leave chan struct{}
	once           sync.Once
}

func (s *stuck) WriteEvents([]Event) error {
	s.once.Do(func() { close(s.entered) })
	<-s.leave
	return nil
}

func (s *stuck) Close() error { return nil }

func TestSlowSinkNeverBlocksAWriter(t *testing.T) {
	s := &stuck{entered: make(chan struct{}), leave: make(chan struct{})}
	rec := New(Options{RingEvents: 64, Sinks: []Sink{s}, Keep: true})
	rec.Start()
	r := rec.Ring(0)
	emit(r, 0)
	<-s.entered
	const more = 1000
	for n := range uint64(more) { // would hang here
		emit(r, n+1)
	}
	close(s.leave)
	numbers, lost := tally(stopped(t, rec))
	if uint64(len(numbers))+lost != more+1 || lost == 0 {
		t.Errorf("%d recorded and %d lost, emitted %d", len(numbers), lost, more+1)
	}
}

// broken is a sink that fails at its second call.
type broken struct{ calls int }

var errBroken = errors.New("broken sink")

func (b *broken) WriteEvents([]Event) error {
	if b.calls++; b.calls > 1 {
		return errBroken
	}
	return nil
}

func (b *broken) Close() error { return nil }

func TestSinkErrorEndsThatSinkOnly(t *testing.T) {
	bad, good := &broken{}, &recording{}
	rec := New(Options{Sinks: []Sink{bad, good}})
	rec.Start()
	for n := range uint64(5) {
		emit(rec.Ring(0), n)
		rec.Flush()
	}
	for range 2 {
		if err := rec.Stop(); !errors.Is(err, errBroken) {
			t.Errorf("Stop returned %v", err)
		}
	}
	if bad.calls != 2 || len(good.all) != 5 {
		t.Errorf("bad sink called %d times, good one has %d events", bad.calls, len(good.all))
	}
}

func TestVirtualClockKeepsTheOrderOfEmits(t *testing.T) {
	var now int64
	rec := New(Options{Clock: func() int64 { return now }})
	rec.Start()
	for n := range uint64(3000) {
		now = int64(n / 1000 * 1e9) // a thousand events at each instant
		emit(rec.Ring(int(n*7%5)-1), n)
	}
	for i, e := range stopped(t, rec) {
		if e.A != uint64(i) || e.Time != int64(i/1000*1e9) {
			t.Fatalf("event %d is number %d at %d", i, e.A, e.Time)
		}
	}
}

func TestRingsAreMadeWhileRunning(t *testing.T) {
	rec := New(Options{})
	rec.Start()
	var wg sync.WaitGroup
	for p := range 20 {
		wg.Go(func() { emit(rec.Ring(p), uint64(p)) })
	}
	wg.Wait()
	if again := rec.Ring(3); again != rec.Ring(3) || rec.Ring(-1) != rec.Shared() {
		t.Error("a P has two rings")
	}
	if events := stopped(t, rec); len(events) != 20 {
		t.Errorf("%d events", len(events))
	}
}

func TestTimelineNeverRunsBackwards(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	line := &timeline{src: &timeSource{}, anchors: []anchor{{1000, 0}}}
	key, last := int64(0), int64(0)
	for range 10_000 {
		end := line.anchors[len(line.anchors)-1]
		// the clock may run fast, slow or not at all for a while
		end.key += 1 + rng.Int63n(1000)
		end.ns += rng.Int63n(3000)
		line.anchors = append(line.anchors, end)
		if rng.Intn(10) == 0 {
			continue
		}
		for key < end.key {
			ns := line.at(key, 0)
			if ns < last || ns > end.ns {
				t.Fatalf("key %d is at %d, after %d, with the clock at %d", key, ns, last, end.ns)
			}
			last = ns
			key += 1 + rng.Int63n(300)
		}
		if rng.Intn(2) == 0 {
			line.trim()
		}
	}
}

func TestEmitDoesNotAllocate(t *testing.T) {
	rec := New(Options{RingEvents: 64})
	for _, r := range []*Ring{rec.Ring(0), rec.Shared()} {
		if n := testing.AllocsPerRun(1000, func() { emit(r, 1) }); n != 0 {
			t.Errorf("p%d: %v allocations", r.p, n)
		}
	}
}

func TestPausedRecorderRecordsNothing(t *testing.T) {
	for _, shared := range []bool{false, true} {
		rec := New(Options{RingEvents: 64})
		rec.Start()
		ring := rec.Shared()
		if !shared {
			ring = rec.Ring(0)
		}
		emit := func(from, n uint64) {
			for i := range n {
				ring.Emit(KFdOpen, 0, 0, 0, from+i, 0, 0)
			}
		}
		emit(0, 10)
		rec.SetPaused(true)
		emit(100, 200)
		if rec.Ring(1).Emit(KFdOpen, 0, 0, 0, 300, 0, 0); !rec.Paused() {
			t.Error("not paused")
		}
		rec.SetPaused(false)
		emit(10, 10)
		if err := rec.Stop(); err != nil {
			t.Fatal(err)
		}
		events := rec.Events()
		if len(events) != 20 {
			t.Fatalf("%d events, want the 20 before and after the pause", len(events))
		}
		for i, e := range events {
			if e.Kind != KFdOpen || e.A != uint64(i) {
				t.Errorf("event %d: %+v", i, e)
			}
		}
	}
}

// Whoever pauses and whoever finds the ring half full both set the limit: the
// pause must win.
func TestPauseWinsOverAWriterInTheMiddle(t *testing.T) {
	rec := New(Options{RingEvents: 8})
	rec.Start()
	ring := rec.Ring(0)
	var written atomic.Uint64
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			default:
				ring.Emit(KFdOpen, 0, 0, 0, 0, 0, 0)
				written.Add(1)
			}
		}
	}()
	for range 200 {
		rec.SetPaused(true)
		for n := written.Load(); written.Load() < n+2; { // the emit that was under way has ended
			runtime.Gosched()
		}
		before := ring.state.Load()
		for n := written.Load(); written.Load() < n+20; {
			runtime.Gosched()
		}
		if after := ring.state.Load(); after != before {
			t.Fatal("an event was recorded during the pause")
		}
		rec.SetPaused(false)
	}
	close(quit)
	<-done
	rec.Stop()
}

func TestARecordingTellsWhatIsServed(t *testing.T) {
	var requests atomic.Uint64
	r := New(Options{Keep: true, Served: func() (uint64, uint64) { return requests.Load(), 2 }})
	r.Start()
	requests.Store(5)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	var last Event
	for _, e := range r.Events() {
		if e.Kind != KServed || e.A < last.A {
			t.Errorf("recorded %+v after %+v", e, last)
		}
		last = e
	}
	if last.A != 5 || last.B != 2 {
		t.Errorf("told last: %+v", last)
	}
}
