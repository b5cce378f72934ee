package seam

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/weftgo/weft/trace"
)

// Recorder takes what a process built with [Events] writes, while the process
// runs and after it has ended, and gives it to sinks in order.
//
// An event has its time before it is published, and a thread may lose its
// processor in between. So events are held back until lag has passed since
// them; one that comes even later gets the time of the last that was given.
type Recorder struct {
	ring    *ring
	symbols *symbols
	story   story
	streams map[int32]*stream
	read    []int // how many events of each chunk have been read
	sinks   []trace.Sink
	err     error // of a sink, the first
	stop    chan struct{}
	done    chan struct{}
	count   atomic.Uint64
}

const (
	drainEvery = 5 * time.Millisecond
	drainLag   = 40 * time.Millisecond
	drainBusy  = 10_000 // so many new events: look again at once
)

// NewRecorder returns a Recorder for one process, built by t's go command. all
// keeps the goroutines that are the runtime's own: the collector's workers, the
// finalizers' and so on.
func NewRecorder(t *Toolchain, all bool) (*Recorder, error) {
	ring, err := newRing(t.GOROOT)
	if err != nil {
		return nil, err
	}
	return recorderOf(ring, all), nil
}

// Convert gives the events in a file to a sink, which it closes. The file was
// made by a program that was built with the seams open and started with
// WEFT_TRACE=FILE. all is as in [NewRecorder]; sink returns the sink, given what
// says what the program's counters stand for.
func Convert(file string, all bool, sink func(symbol func(pc uint64) trace.Symbol) trace.Sink) (Stats, error) {
	ring, err := openRing(file)
	if err != nil {
		return Stats{}, err
	}
	r := recorderOf(ring, all)
	r.sinks = []trace.Sink{sink(r.Symbol)}
	go r.drain()
	return r.Stop()
}

// IsRaw reports whether a file that begins with head is one for [Convert].
func IsRaw(head []byte) bool {
	return len(head) >= 8 && binary.LittleEndian.Uint64(head) == ringMagic
}

func recorderOf(ring *ring, all bool) *Recorder {
	r := &Recorder{ring: ring, symbols: newSymbols(ring), streams: make(map[int32]*stream)}
	r.story = newStory(all, r.symbols.Symbol)
	r.read = make([]int, ringChunks)
	r.stop, r.done = make(chan struct{}), make(chan struct{})
	return r
}

// Env is what the environment of the process must have, as "name=value". The
// program itself does not see it.
func (r *Recorder) Env() string { return "WEFT_RING=" + r.ring.path }

// Symbol says what a program counter of the process stands for. Sinks call it,
// from WriteEvents only.
func (r *Recorder) Symbol(pc uint64) trace.Symbol { return r.symbols.Symbol(pc) }

// Start begins to give events to the sinks, after one for the entry point that
// the process's executable names.
func (r *Recorder) Start(entry Entry, sinks ...trace.Sink) {
	r.sinks = sinks
	r.symbols.known[entry.PC] = trace.Symbol{Func: entry.Name}
	r.give([]trace.Event{{Kind: trace.KEntry, M: -1, P: -1, A: entry.PC}})
	go r.drain()
}

// Stats is what became of a recording.
type Stats struct {
	Started bool   // whether the process wrote at all
	Events  uint64 // given to the sinks
	Folded  uint64 // left out: the runtime's own goroutines
	Lost    uint64 // not written, because the memory was full
}

// Stop takes what is left, when the process has ended, and closes the sinks.
func (r *Recorder) Stop() (Stats, error) {
	close(r.stop)
	<-r.done
	s := Stats{r.ring.started(), r.count.Load(), r.story.folded, atomic.LoadUint64(&r.ring.head.lost)}
	for _, sink := range r.sinks {
		r.keep(sink.Close())
	}
	r.ring.close()
	return s, r.err
}

func (r *Recorder) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

// drain runs until Stop. The newest event that has been seen is its clock; when
// no more come, all that are held back are given.
func (r *Recorder) drain() {
	defer close(r.done)
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	quiet := time.Duration(0)
	for {
		select {
		case <-r.stop:
			r.takeIn()
			r.give(r.story.take(r.streams, math.MaxInt64))
			return
		case <-tick.C:
		}
		for {
			n, newest := r.takeIn()
			if n > 0 {
				quiet = 0
				r.give(r.story.take(r.streams, newest-int64(drainLag)))
			}
			if n < drainBusy {
				break
			}
		}
		if quiet += drainEvery; quiet > drainLag {
			r.give(r.story.take(r.streams, math.MaxInt64))
		}
	}
}

// taken is a chunk that some M has taken.
type taken struct {
	chunk, count int
	m            int32
	sequence     uint64
	given        bool
}

// takeIn reads what is new in all chunks, those of one M in order, and returns
// how much that is and the latest time among it. Symbols come last: those of an
// event are written before it.
func (r *Recorder) takeIn() (n int, newest int64) {
	r.story.start = r.ring.head.start
	var order []taken
	for i := range r.read {
		state := atomic.LoadUint32(r.ring.state(i)) // before the count, which is final once the chunk was given back
		if state == chunkFree {
			continue
		}
		count, m, sequence := r.ring.chunk(i)
		order = append(order, taken{i, int(atomic.LoadUint64(count)), m, sequence, state == chunkGiven})
	}
	slices.SortFunc(order, func(a, b taken) int { return cmp.Compare(a.sequence, b.sequence) })
	for _, c := range order {
		if c.count > r.read[c.chunk] {
			n += c.count - r.read[c.chunk]
			newest = max(newest, r.takeChunk(c))
		}
		if c.given {
			r.read[c.chunk] = 0
			r.ring.free(c.chunk)
		}
	}
	r.symbols.read()
	return n, newest
}

func (r *Recorder) takeChunk(c taken) (newest int64) {
	s := r.streams[c.m]
	if s == nil {
		s = newStream()
		r.streams[c.m] = s
	}
	for _, e := range r.ring.events(c.chunk, r.read[c.chunk], c.count) {
		s.add(e)
		if e.Kind < rawPut {
			newest = max(newest, e.Time)
		}
	}
	r.read[c.chunk] = c.count
	return newest
}

func (r *Recorder) give(events []trace.Event) {
	if len(events) == 0 {
		return
	}
	r.count.Add(uint64(len(events)))
	for _, sink := range r.sinks {
		r.keep(sink.WriteEvents(events))
	}
}
