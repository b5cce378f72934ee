// Package explore looks for schedules under which a program fails. It knows nothing of what runs the program: a [Host] does,
// and the explorer tells it which schedules to run.
//
// A schedule is a sequence of decisions. Each chooses among options in a fixed order, of which the first is the natural one
// (run on; when it can't, first come first served), so that a schedule is described by its deviations from the default. They
// make the [Token] that repeats it, and [Shrink] looks for fewer of them. A [Picker] makes the decisions under a strategy.
package explore

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Range asks for schedules First to First+Count-1 of a test under a strategy.
type Range struct {
	Test         string
	Strategy     uint64 // StrategyRandom, ...
	Depth        uint64 // of PCT
	Seed         uint64
	First, Count uint64
	For          time.Duration // stop sooner, after at least one schedule
}

// Progress is how far a host has come. None of these schedules failed.
type Progress struct {
	Schedules uint64
	Distinct  uint64 // of different hashes, that were new to the host
	Steps     uint64 // decisions
	Points    uint64
	Bound     uint64 // decisions of the default schedule
}

func (p *Progress) add(q Progress) {
	p.Schedules += q.Schedules
	p.Distinct += q.Distinct
	p.Steps += q.Steps
	p.Points += q.Points
	p.Bound = max(p.Bound, q.Bound)
}

// Failure is a schedule that failed.
type Failure struct {
	Index    uint64 // which schedule of the range's test
	Kind     string // one word: deadlock, leak, panic, ...
	Seed     uint64 // of its Picker
	Devs     []Dev
	Complete bool // Devs are all its deviations
	Detail   any  // the host's own
}

// Host runs schedules of one program. A host is used by one goroutine at a time.
type Host interface {
	// Explore runs schedules of r until one fails, r.For has passed, or the range is done.
	Explore(ctx context.Context, r Range) (Progress, *Failure, error)
}

// Search runs the schedules of r on all hosts at once and returns the failure with the lowest index, nil if there is none. Which one it
// returns does not depend on how many hosts there are. report is called now and then, by one goroutine at a time, with what has been done.
func Search(ctx context.Context, hosts []Host, r Range, report func(Progress)) (Progress, *Failure, error) {
	s := &search{Range: r, next: r.First, end: r.First + r.Count, report: report}
	var wg sync.WaitGroup
	for _, h := range hosts {
		wg.Go(func() { s.work(ctx, h) })
	}
	wg.Wait()
	return s.total, s.failure, s.err
}

// search is a Search under way.
//
// mu guards all fields but Range. Pieces are handed out in order of their index, and a piece that began below the lowest
// failure is worked through to that failure, so no lower one is missed.
type search struct {
	Range
	report func(Progress)

	mu      sync.Mutex
	next    uint64 // the first index nobody has taken
	end     uint64 // the first index nobody needs
	piece   uint64 // how many to take at a time
	total   Progress
	failure *Failure
	err     error
}

// pieceTime is how long a host should be busy with one piece.
const pieceTime = 100 * time.Millisecond

func (s *search) work(ctx context.Context, h Host) {
	for {
		first, count := s.take(ctx)
		for end := first + count; first < end && s.needs(ctx, first); {
			r := s.Range
			r.First, r.Count, r.For = first, end-first, pieceTime
			began := time.Now()
			p, f, err := h.Explore(ctx, r)
			if !s.done(p, f, err, time.Since(began)) {
				return
			}
			if f != nil {
				break
			}
			first += p.Schedules
		}
		if count == 0 {
			return
		}
	}
}

func (s *search) take(ctx context.Context) (first, count uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || ctx.Err() != nil || s.next >= s.end {
		return 0, 0
	}
	first = s.next
	count = min(max(s.piece, 1), s.end-first)
	s.next += count
	return first, count
}

// needs reports whether schedule index is still of interest.
func (s *search) needs(ctx context.Context, index uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err == nil && ctx.Err() == nil && index < s.end
}

// done takes in a host's answer and reports whether it may go on.
func (s *search) done(p Progress, f *Failure, err error, took time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return false
	}
	s.total.add(p)
	if f != nil && (s.failure == nil || f.Index < s.failure.Index) {
		s.failure, s.end = f, f.Index
	}
	if f == nil && p.Schedules == 0 {
		s.err = errors.New("explore: a host ran nothing")
		return false
	}
	if took > 0 {
		s.piece = min(1+uint64(float64(p.Schedules)*float64(pieceTime)/float64(took)), 2*max(s.piece, 16), 1<<16)
	}
	if s.report != nil {
		s.report(s.total)
	}
	return true
}
