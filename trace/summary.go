package trace

import (
	"cmp"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"text/tabwriter"
	"time"
)

// Summary is what a recording adds up to. Its JSON form has all of it; durations
// are in nanoseconds. It is a [Sink]: its figures are complete when it has been
// closed.
type Summary struct {
	Events  uint64        `json:"events"`
	Lost    uint64        `json:"lost"` // events that did not fit into their ring
	Elapsed time.Duration `json:"elapsed_ns"`

	Created   uint64 `json:"created"`
	Exited    uint64 `json:"exited"`
	Panicked  uint64 `json:"panicked"`
	Executed  uint64 `json:"executed"` // times that a coroutine began to run
	Yielded   uint64 `json:"yielded"`
	Readied   uint64 `json:"readied"`  // wake-ups of a coroutine
	Steals    uint64 `json:"steals"`   // from another P's queue
	Stolen    uint64 `json:"stolen"`   // coroutines taken in them
	Handoffs  uint64 `json:"handoffs"` // Ps that an M gave away
	Retakes   uint64 `json:"retakes"`  // Ps that were taken from an M
	Overflows uint64 `json:"overflows"`
	MStarts   uint64 `json:"m_starts"` // wake-ups of an M
	MStops    uint64 `json:"m_stops"`
	Netpolls  uint64 `json:"netpolls"`
	Timers    uint64 `json:"timers"`
	Forks     uint64 `json:"forks"`

	ReadiedBy map[string]uint64 `json:"readied_by"` // by Cause
	Parked    map[string]Wait   `json:"parked"`     // by Reason
	Latency   Histogram         `json:"latency"`    // from runnable to running
	Gs        []*GSummary       `json:"gs"`         // by id

	symbols symbols
	gs      map[uint64]*GSummary
	now     int64
	told    uint64 // events of a KState that are still to come
}

// Wait counts how often something was waited for, and how long in all.
type Wait struct {
	Count uint64        `json:"count"`
	Time  time.Duration `json:"ns"`
}

// GSummary is what the recording says of one coroutine. One that was there
// before the recording began has no entry.
type GSummary struct {
	ID       uint64          `json:"id"`
	Entry    string          `json:"entry,omitempty"`   // its function
	Site     string          `json:"created,omitempty"` // where the go statement is
	Creator  uint64          `json:"creator"`
	Exited   bool            `json:"exited"`
	Executed uint64          `json:"executed"`
	Running  time.Duration   `json:"running_ns"`
	Runnable time.Duration   `json:"runnable_ns"` // waiting for a P
	Native   time.Duration   `json:"native_ns"`   // in native calls, without a P
	Waiting  time.Duration   `json:"waiting_ns"`  // parked; Parked has the reasons
	Parked   map[string]Wait `json:"parked,omitempty"`

	state gState
	since int64
	why   Reason
}

type gState uint8

const (
	gUnknown gState = iota
	gRunnable
	gRunning
	gWaiting
	gNative
	gDead
)

// Summarize adds up events, of which it has all or a part. symbol says what the
// program counters in them stand for; nil means Resolve.
func Summarize(events []Event, symbol func(pc uint64) Symbol) *Summary {
	s := NewSummary(symbol)
	s.WriteEvents(events)
	s.Close()
	return s
}

// NewSummary returns a Summary of nothing. symbol says what the program counters
// in events stand for; nil means Resolve.
func NewSummary(symbol func(pc uint64) Symbol) *Summary {
	return &Summary{
		ReadiedBy: make(map[string]uint64), Parked: make(map[string]Wait), Gs: []*GSummary{},
		symbols: newSymbols(symbol), gs: make(map[uint64]*GSummary),
	}
}

// WriteEvents adds events. It never fails.
func (s *Summary) WriteEvents(events []Event) error {
	for i := range events {
		e := &events[i]
		s.Events++
		s.now = max(s.now, e.Time)
		switch {
		case s.told > 0:
			s.told--
			s.addTold(e)
		case e.Kind == KState:
			s.told = e.A
		case e.Kind >= KGoCreate && e.Kind <= KGoUnblock:
			s.addG(e)
		default:
			s.add(e)
		}
	}
	return nil
}

// Close counts every coroutine's present state up to the last event.
func (s *Summary) Close() error {
	s.Elapsed = time.Duration(s.now)
	s.Gs = s.Gs[:0]
	for _, g := range s.gs {
		s.enter(g, g.state)
		s.Gs = append(s.Gs, g)
	}
	slices.SortFunc(s.Gs, func(a, b *GSummary) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

// addTold takes an event that says how things stand: it is not counted.
func (s *Summary) addTold(e *Event) {
	switch e.Kind {
	case KGoCreate:
		g := s.g(e.A)
		g.Entry, g.Site, g.Creator = s.symbols.get(e.B).Name(), s.symbols.get(e.C).Pos(), e.G
		s.enter(g, gRunnable)
	case KGoStart:
		s.enter(s.g(e.G), gRunning)
	case KGoPark:
		s.enter(s.g(e.G), gWaiting)
		s.g(e.G).why = Reason(e.Sub)
	case KGoBlock:
		s.enter(s.g(e.G), gNative)
	}
}

// addG counts an event in the life of a coroutine.
func (s *Summary) addG(e *Event) {
	switch e.Kind {
	case KGoCreate:
		s.Created++
		g := s.g(e.A)
		g.Entry, g.Site, g.Creator = s.symbols.get(e.B).Name(), s.symbols.get(e.C).Pos(), e.G
		s.enter(g, gRunnable)
	case KGoStart:
		s.Executed++
		g := s.g(e.G)
		g.Executed++
		if g.state == gRunnable {
			s.Latency.Add(time.Duration(s.now - g.since))
		}
		s.enter(g, gRunning)
	case KGoPark:
		g := s.g(e.G)
		s.enter(g, gWaiting)
		g.why = Reason(e.Sub)
	case KGoReady:
		s.Readied++
		s.ReadiedBy[Cause(e.C).String()]++
		s.enter(s.g(e.A), gRunnable)
	case KGoYield:
		s.Yielded++
		s.enter(s.g(e.G), gRunnable)
	case KGoExit:
		s.Exited++
		g := s.g(e.G)
		g.Exited = true
		s.enter(g, gDead)
	case KGoBlock:
		s.enter(s.g(e.G), gNative)
	case KGoUnblock:
		state := gRunnable
		if e.A == 1 {
			state = gRunning
		}
		s.enter(s.g(e.G), state)
	}
}

func (s *Summary) add(e *Event) {
	switch e.Kind {
	case KLost:
		s.Lost += e.A
	case KSteal:
		s.Steals++
		s.Stolen += e.B
	case KOverflow:
		s.Overflows++
	case KMStart:
		s.MStarts++
	case KMStop:
		s.MStops++
	case KHandoff:
		s.Handoffs++
	case KRetake:
		s.Retakes++
	case KNetpoll:
		s.Netpolls++
	case KTimer:
		s.Timers++
	case KFork:
		s.Forks++
	case KPanic:
		s.Panicked++
	}
}

func (s *Summary) g(id uint64) *GSummary {
	g := s.gs[id]
	if g == nil {
		g = &GSummary{ID: id}
		s.gs[id] = g
	}
	return g
}

// enter moves g to a state, and counts the time that it spent in the one it
// leaves.
func (s *Summary) enter(g *GSummary, state gState) {
	d := time.Duration(s.now - g.since)
	switch g.state {
	case gRunnable:
		g.Runnable += d
	case gRunning:
		g.Running += d
	case gNative:
		g.Native += d
	case gWaiting:
		g.Waiting += d
		if g.Parked == nil {
			g.Parked = make(map[string]Wait)
		}
		why := g.why.String()
		addWait(g.Parked, why, d)
		addWait(s.Parked, why, d)
	}
	g.state, g.since = state, s.now
}

func addWait(m map[string]Wait, why string, d time.Duration) {
	w := m[why]
	w.Count++
	w.Time += d
	m[why] = w
}

// Histogram counts durations by their order of magnitude: bucket n has those
// that are less than 2ⁿ ns, and not in the one before.
type Histogram struct {
	Count   uint64        `json:"count"`
	Sum     time.Duration `json:"sum_ns"`
	Max     time.Duration `json:"max_ns"`
	Buckets []uint64      `json:"log2_buckets"`
}

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.Count++
	h.Sum += d
	h.Max = max(h.Max, d)
	n := bits.Len64(uint64(d))
	for len(h.Buckets) <= n {
		h.Buckets = append(h.Buckets, 0)
	}
	h.Buckets[n]++
}

// Quantile returns a duration that at least a part q of those counted do not
// exceed, and that is less than twice the least such.
func (h *Histogram) Quantile(q float64) time.Duration {
	left := q * float64(h.Count)
	for n, c := range h.Buckets {
		if left -= float64(c); left <= 0 && c > 0 {
			return min(time.Duration(1)<<n-1, h.Max)
		}
	}
	return h.Max
}

// shownGs is how many coroutines the text has.
const shownGs = 20

// WriteText writes the summary for people: totals, reasons, the histogram, and
// the coroutines that ran longest.
func (s *Summary) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(tw, "%s in %v", count(s.Events, "event"), s.Elapsed)
	if s.Lost > 0 {
		fmt.Fprintf(tw, ", and %s lost", count(s.Lost, "event"))
	}
	fmt.Fprintf(tw, "\n\ncoroutines\t%d created, %d exited, %d panicked\n", s.Created, s.Exited, s.Panicked)
	fmt.Fprintf(tw, "decisions\t%d executed, %d readied, %d yielded\n", s.Executed, s.Readied, s.Yielded)
	fmt.Fprintf(tw, "queues\t%d steals of %d coroutines, %d overflows\n", s.Steals, s.Stolen, s.Overflows)
	fmt.Fprintf(tw, "Ms and Ps\t%d Ms started, %d stopped, %d Ps handed off, %d retaken\n",
		s.MStarts, s.MStops, s.Handoffs, s.Retakes)
	fmt.Fprintf(tw, "others\t%d netpolls, %d timers, %d forks\n", s.Netpolls, s.Timers, s.Forks)
	s.writeWaits(tw)
	s.writeLatency(tw)
	s.writeGs(tw)
	return tw.Flush()
}

func (s *Summary) writeWaits(w io.Writer) {
	if len(s.Parked) == 0 {
		return
	}
	fmt.Fprint(w, "\nparked for\ttimes\tin all\tmean\n")
	for _, why := range sortedKeys(s.Parked) {
		p := s.Parked[why]
		fmt.Fprintf(w, "%s\t%d\t%v\t%v\n", why, p.Count, p.Time, p.Time/time.Duration(p.Count))
	}
	if len(s.ReadiedBy) > 0 {
		fmt.Fprint(w, "\nreadied by\ttimes\n")
	}
	for _, by := range sortedKeys(s.ReadiedBy) {
		fmt.Fprintf(w, "%s\t%d\n", by, s.ReadiedBy[by])
	}
}

func (s *Summary) writeLatency(w io.Writer) {
	h := &s.Latency
	if h.Count == 0 {
		return
	}
	fmt.Fprintf(w, "\nscheduling latency\tmean %v, half ≤ %v, 99%% ≤ %v, max %v\n",
		h.Sum/time.Duration(h.Count), h.Quantile(0.5), h.Quantile(0.99), h.Max)
	most := slices.Max(h.Buckets)
	for n, c := range h.Buckets {
		if c > 0 {
			bar := "########################################"[:(40*c+most-1)/most]
			fmt.Fprintf(w, "< %v\t%d\t%s\n", time.Duration(1)<<n, c, bar)
		}
	}
}

func (s *Summary) writeGs(w io.Writer) {
	if len(s.Gs) == 0 {
		return
	}
	gs := slices.Clone(s.Gs)
	slices.SortStableFunc(gs, func(a, b *GSummary) int { return cmp.Compare(b.Running, a.Running) })
	fmt.Fprint(w, "\ncoroutine\tcreated\texecuted\trunning\trunnable\tparked\tnative\n")
	for _, g := range gs[:min(len(gs), shownGs)] {
		fmt.Fprintf(w, "g%d%s\t%s\t%d\t%v\t%v\t%v\t%v\n",
			g.ID, space(g.Entry), g.Site, g.Executed, g.Running, g.Runnable, g.Waiting, g.Native)
	}
	if more := len(gs) - shownGs; more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
