// Package wtime is package time for coroutines: it sleeps, and has timers and
// tickers, on the clock of the runtime that the caller runs in (a virtual one
// under simulation). Names, results and panics are those of package time; types
// that only measure or print, as [time.Duration] and [time.Time], are used as
// they are.
//
// Every call may be made from coroutines and from ordinary goroutines. A timer
// belongs to the runtime of the coroutine that made it; one that a goroutine
// makes, to the default runtime.
package wtime

import (
	"math"
	"time"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/wsync"
)

// Sleep parks the calling coroutine for at least d; zero or less only yields. In
// an ordinary goroutine it is time.Sleep.
func Sleep(d time.Duration) { sched.Sleep(d) }

// Now returns the time on the caller's clock. It does not park.
func Now() time.Time {
	if sched.Getg() == nil {
		return time.Now()
	}
	return now(sched.Current())
}

// Since returns the time that has passed since t. It does not park.
func Since(t time.Time) time.Duration { return Now().Sub(t) }

// Until returns the time until t. It does not park.
func Until(t time.Time) time.Duration { return t.Sub(Now()) }

// After returns a channel that gets the time once, after d. It does not park.
func After(d time.Duration) *wsync.Chan[time.Time] { return NewTimer(d).C }

// Tick returns the channel of a new Ticker, which can't be stopped; nil if d is
// not positive.
func Tick(d time.Duration) *wsync.Chan[time.Time] {
	if d <= 0 {
		return nil
	}
	return NewTicker(d).C
}

func now(s *sched.Sched) time.Time { return s.Time(s.Now()) }

// when returns the moment d from now on s's clock; a d that is too long is for
// ever.
func when(s *sched.Sched, d time.Duration) int64 {
	t := s.Now() + int64(max(d, 0))
	if t < 0 {
		return math.MaxInt64
	}
	return t
}
