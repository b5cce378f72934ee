package poll

import "time"

// patience is what is left of a Wait's timeout. Signals interrupt system calls
// at any time (Go's own preemption sends them); every poller asks its patience
// whether to call again, so that interruption is handled here and nowhere else.
type patience struct {
	left  int64 // nanoseconds, as Wait's timeout
	until time.Time
}

func newPatience(timeout int64) patience {
	p := patience{left: timeout}
	if timeout > 0 {
		p.until = time.Now().Add(time.Duration(timeout))
	}
	return p
}

// again is called after a system call that returned early with nothing. It
// updates left and reports whether to call once more.
func (p *patience) again() bool {
	if p.left > 0 {
		p.left = max(int64(time.Until(p.until)), 0)
	}
	return p.left != 0
}

// millis rounds nanoseconds up to the milliseconds of older system calls, so
// that none returns before its time.
func millis(ns int64) int {
	if ns < 0 {
		return -1
	}
	const most = 1<<31 - 1
	return int(min((ns+1e6-1)/1e6, most))
}
