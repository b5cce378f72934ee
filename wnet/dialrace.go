package wnet

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// Happy eyeballs: where a name has addresses of both families, the family that
// the resolver put first is tried first, and the other beside it if that fails or
// takes long. The first connection wins; what is still under way is cancelled,
// and a connection that comes too late is closed by who made it.

const fallbackDelay = 300 * time.Millisecond

// dialAny connects to one of addrs.
func (d *Dialer) dialAny(ctx context.Context, network string, addrs []netip.AddrPort) (net.Conn, error) {
	var first, second []netip.AddrPort
	for _, a := range addrs {
		if a.Addr().Unmap().Is4() == addrs[0].Addr().Unmap().Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	if network != "tcp" || d.FallbackDelay < 0 || second == nil {
		return d.dialEach(ctx, network, addrs)
	}
	delay := d.FallbackDelay
	if delay == 0 {
		delay = fallbackDelay
	}
	return d.dialRace(ctx, network, first, second, delay)
}

func (d *Dialer) dialRace(ctx context.Context, network string, first, second []netip.AddrPort, delay time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := new(dialRace)
	defer r.finish() // also when the coroutine is unwound
	try := func(addrs []netip.AddrPort, preferred bool) {
		sched.Go(func() {
			c, err := d.dialEach(ctx, network, addrs)
			r.report(dialed{c, err, preferred})
		})
	}
	try(first, true)
	left := 2
	var failed error
	res, ok := r.next(delay)
	if !ok || res.err != nil {
		try(second, false)
	}
	for {
		if ok {
			if res.err == nil {
				return res.c, nil
			}
			if failed == nil || res.preferred {
				failed = res.err
			}
			if left--; left == 0 {
				return nil, failed
			}
		}
		res, ok = r.next(0)
	}
}

// dialed is how the try of one family ended.
type dialed struct {
	c         net.Conn
	err       error
	preferred bool
}

// dialRace collects what the two tries come to. Whoever waits is published under
// mu when there is no result, and a result is added under mu and takes the waiter
// with it: one of the two sees the other.
type dialRace struct {
	mu      sched.Lock
	over    bool // nobody wants results any more
	results []dialed
	w       *sched.Waiter
	t       sched.Ticket
}

func (r *dialRace) report(d dialed) {
	r.mu.Lock()
	over, w, t := r.over, r.w, r.t
	if !over {
		r.results, r.w = append(r.results, d), nil
	}
	r.mu.Unlock()
	switch {
	case over && d.err == nil:
		d.c.Close()
	case !over && w != nil:
		w.Ready(t, 0)
	}
}

// next returns the next result; false if there is none after limit, 0 for never.
func (r *dialRace) next(limit time.Duration) (dialed, bool) {
	w := sched.Self()
	defer w.Release()
	const late = 1
	timer := sched.Timer{F: func(arg any, t uint64) { arg.(*sched.Waiter).Ready(sched.Ticket(t), late) }, Arg: w}
	for {
		r.mu.Lock()
		if len(r.results) > 0 {
			d := r.results[0]
			r.results = r.results[1:]
			r.mu.Unlock()
			return d, true
		}
		t := w.Begin()
		r.w, r.t = w, t
		r.mu.Unlock()
		if limit > 0 {
			timer.Seq = uint64(t)
			s := sched.Current()
			timer.Reset(s, s.Now()+int64(limit), 0)
		}
		outcome := w.Park(t, trace.WaitIOConnect, r)
		timer.Stop()
		if outcome == late {
			r.mu.Lock()
			r.w = nil
			r.mu.Unlock()
			return dialed{}, false
		}
	}
}

// finish closes what nobody will take.
func (r *dialRace) finish() {
	r.mu.Lock()
	r.over, r.w = true, nil
	rest := r.results
	r.mu.Unlock()
	for _, d := range rest {
		if d.err == nil {
			d.c.Close()
		}
	}
}
