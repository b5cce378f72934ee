package trace

import "time"

// servedEvery is how often a recorder asks how much has been served.
const servedEvery = 100 * time.Millisecond

// served is what a Recorder knows of how much has been served. It is the drain's.
type served struct {
	requests, conns uint64
	at              time.Time
}

// tellServed emits what has been served since it was last asked, if it is time, or now is the end.
func (r *Recorder) tellServed(now time.Time, end bool) {
	if r.opts.Served == nil || now.Sub(r.served.at) < servedEvery && !end {
		return
	}
	requests, conns := r.opts.Served()
	was := r.served
	r.served = served{requests, conns, now}
	if requests != was.requests || conns != was.conns {
		r.shared.Emit(KServed, 0, -1, 0, requests, conns, uint64(now.Sub(was.at)))
	}
}
