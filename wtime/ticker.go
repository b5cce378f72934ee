package wtime

import (
	"errors"
	"time"

	"github.com/weftgo/weft/wsync"
)

// A Ticker puts the time into a channel again and again; see [time.Ticker]. Make
// it with [NewTicker]. A tick that comes while the last one has not been received
// is dropped.
type Ticker struct {
	C *wsync.Chan[time.Time]

	alarm *alarm
}

// NewTicker returns a Ticker that ticks every d, for the first time after d. It
// panics if d is not positive. It does not park. Its runtime keeps it until it is
// stopped.
func NewTicker(d time.Duration) *Ticker {
	if d <= 0 {
		panic(errors.New("non-positive interval for NewTicker"))
	}
	a := newAlarm()
	a.set(d, d)
	return &Ticker{C: a.c, alarm: a}
}

// Stop ends the ticks; C is not closed, and nothing more is received from it. It
// does not park.
func (t *Ticker) Stop() {
	if t.alarm != nil { // else as in package time
		t.alarm.stop()
	}
}

// Reset makes t tick every d, for the first time after d. It panics if d is not
// positive. It does not park.
func (t *Ticker) Reset(d time.Duration) {
	if d <= 0 {
		panic("non-positive interval for Ticker.Reset")
	}
	if t.alarm == nil {
		panic("time: Reset called on uninitialized Ticker")
	}
	t.alarm.set(d, d)
}
