// Package clock is where a runtime gets its time from: the machine's monotonic
// clock, or one that stands still until it is moved.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock tells the time in nanoseconds since some moment of its own. Now may be
// called from anywhere, at any rate.
type Clock interface {
	Now() int64
}

// Real is the machine's monotonic clock, counted from its making.
type Real struct{ base time.Time }

// NewReal returns a clock that starts at 0 now.
func NewReal() *Real { return &Real{time.Now()} }

// Now returns the nanoseconds since NewReal.
func (c *Real) Now() int64 { return int64(time.Since(c.base)) }

// Start returns the wall time of the moment at which c was 0.
func (c *Real) Start() time.Time { return c.base }

// Virtual stands still. A runtime that was given one moves it to the next
// timer when it has nothing else to run, so that sleeping costs no time and
// the order of timers is the same in every run.
type Virtual struct{ now atomic.Int64 }

// NewVirtual returns a clock that stands at 0.
func NewVirtual() *Virtual { return new(Virtual) }

// Now returns where the clock stands.
func (c *Virtual) Now() int64 { return c.now.Load() }

// AdvanceTo moves the clock to t. It never goes back: an earlier t is ignored.
func (c *Virtual) AdvanceTo(t int64) {
	for {
		now := c.now.Load()
		if t <= now || c.now.CompareAndSwap(now, t) {
			return
		}
	}
}
