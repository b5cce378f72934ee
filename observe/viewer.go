package observe

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/weftgo/weft/trace"
)

// A viewer of a Live feed.
//
// push is called by the feed, under its mu, for every batch. What is to be sent
// stands in queue, which is the viewer's under the same mu; note says that there
// is something. (No wake-up is lost: note has one slot, and the sender looks at
// the queue after it has taken from it.) When the queue is full or the viewer's
// rate is used up, the viewer is in a gap: it gets nothing and what it misses is
// counted, until there is room again. Then it is told how many it missed, and how
// things stand, and goes on from there.
type viewer struct {
	queue   []message
	bytes   int // in queue
	note    chan struct{}
	gap     bool
	missed  uint64 // in this gap
	dropped uint64 // in all
	limit   float64
	budget  float64 // events that may be sent now
	filled  time.Time
	next    time.Time // no snapshot before
}

type message struct {
	kind websocket.MessageType
	b    []byte
}

const (
	queueBytes = 4 << 20
	usualRate  = 200_000 // events a second
	statsEvery = 100 * time.Millisecond
)

// sendTimeout is how long a viewer has to take a message. Tests have longer.
var sendTimeout = 10 * time.Second

// join makes a viewer, which begins with how things stand.
func (l *Live) join(rate float64) *viewer {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := &viewer{note: make(chan struct{}, 1), limit: rate, budget: rate, filled: time.Now()}
	v.send(websocket.MessageBinary, append(l.stream.Head(), l.symbols...))
	v.snapshot(l)
	l.viewers[v] = true
	return v
}

func (l *Live) leave(v *viewer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.viewers, v)
	if l.farewell && len(l.viewers) == 0 {
		l.farewell = false
		close(l.left)
	}
}

// push sends a batch on, if there is room for it. Symbols are always sent: what
// comes after a gap may need them.
func (v *viewer) push(l *Live, symbols, b []byte, events int) {
	now := time.Now()
	v.fill(now)
	if len(symbols) > 0 {
		v.send(websocket.MessageBinary, symbols)
	}
	if v.gap && v.endGap(l, now, uint64(events)) {
		return // the snapshot has b in it
	}
	if v.gap || v.bytes+len(b) > queueBytes || v.budget < float64(events) {
		v.gap = true
		v.missed += uint64(events)
		v.dropped += uint64(events)
		return
	}
	v.budget -= float64(events)
	v.send(websocket.MessageBinary, b)
}

// fill adds to the budget what has come in since.
func (v *viewer) fill(now time.Time) {
	if d := now.Sub(v.filled); d > 0 {
		v.budget = min(v.budget+v.limit*d.Seconds(), v.limit)
		v.filled = now
	}
}

// endGap ends a gap, which more events have joined, if there is room again.
func (v *viewer) endGap(l *Live, now time.Time, more uint64) bool {
	if v.bytes >= queueBytes/4 || v.budget < v.limit/2 || now.Before(v.next) {
		return false
	}
	told, _ := json.Marshal(map[string]any{"type": "gap", "dropped": v.missed + more})
	v.send(websocket.MessageText, told)
	v.dropped += more
	v.gap, v.missed = false, 0
	v.snapshot(l)
	return true
}

// catchUp ends v's gap when nothing happens that would; at the end of the run,
// last, whether there is room or not.
func (l *Live) catchUp(v *viewer, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !v.gap {
		return
	}
	if last {
		v.bytes, v.budget, v.next = 0, v.limit, time.Time{}
	}
	now := time.Now()
	v.fill(now)
	v.endGap(l, now, 0)
}

// snapshot sends how things stand.
func (v *viewer) snapshot(l *Live) {
	symbols, b, _ := l.snapshot()
	v.send(websocket.MessageBinary, append(symbols, b...))
	v.next = time.Now().Add(max(100*time.Millisecond, snapshotShare*l.took*time.Duration(len(l.viewers)+1)))
}

func (v *viewer) send(kind websocket.MessageType, b []byte) {
	v.queue = append(v.queue, message{kind, b})
	v.bytes += len(b)
	select {
	case v.note <- struct{}{}:
	default:
	}
}

// take returns what is to be sent.
func (l *Live) take(v *viewer) []message {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := v.queue
	v.queue, v.bytes = nil, 0
	return q
}

// stats is what a viewer is told of the feed.
type stats struct {
	Type      string  `json:"type"`
	T         int64   `json:"t"`
	Rate      float64 `json:"rate"`
	Events    uint64  `json:"events"`
	Lost      uint64  `json:"lost"`
	Dropped   uint64  `json:"dropped"`
	Viewers   int     `json:"viewers"`
	Recording bool    `json:"recording"`
	Requests  *uint64 `json:"requests,omitempty"`
	Conns     *uint64 `json:"conns,omitempty"`
	Runtime   any     `json:"runtime,omitempty"`
}

func (l *Live) stats(v *viewer) stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return stats{Type: "stats", T: l.machine.Now, Events: l.events, Lost: l.lost, Dropped: v.dropped,
		Viewers: len(l.viewers), Recording: true}
}

// live serves the feed to one viewer, until either goes away.
func (s *Server) live(w http.ResponseWriter, r *http.Request, _ string) error {
	src, err := s.source(r, "id")
	if err != nil {
		return err
	}
	l, ok := src.(*Live)
	if !ok {
		return &problem{http.StatusConflict, "this is a recording: nothing in it goes on"}
	}
	rate, err := number(r, "rate", usualRate)
	if err != nil {
		return err
	}
	if rate == 0 {
		return badRequest("rate=0: give at least one event a second")
	}
	// The origin has been checked (guard.go).
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil // Accept has answered
	}
	defer c.CloseNow()
	v := l.join(float64(rate))
	defer l.leave(v)
	s.feed(c.CloseRead(r.Context()), c, l, v)
	return nil
}

// feed sends what comes, and figures ten times a second while anything happens.
func (s *Server) feed(ctx context.Context, c *websocket.Conn, l *Live, v *viewer) {
	tick := time.NewTicker(statsEvery)
	defer tick.Stop()
	var told stats
	var toldAt time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.note:
		case <-l.on:
			l.catchUp(v, true)
			if sendAll(ctx, c, l.take(v)) == nil && s.sendStats(ctx, c, l.stats(v)) == nil {
				write(ctx, c, message{websocket.MessageText, []byte(`{"type":"end","error":""}`)})
				c.Close(websocket.StatusNormalClosure, "the run has ended")
			}
			return
		case now := <-tick.C:
			l.catchUp(v, false)
			st := l.stats(v)
			if st.Events == told.Events && now.Sub(toldAt) < time.Second {
				continue
			}
			if !toldAt.IsZero() {
				st.Rate = float64(st.Events-told.Events) / now.Sub(toldAt).Seconds()
			}
			told, toldAt = st, now
			if s.sendStats(ctx, c, st) != nil {
				return
			}
			continue
		}
		if sendAll(ctx, c, l.take(v)) != nil {
			return
		}
	}
}

func (s *Server) sendStats(ctx context.Context, c *websocket.Conn, st stats) error {
	if ctl := s.opts.Control; ctl != nil {
		st.Recording, st.Runtime = ctl.Recording(), ctl.Stats()
		if requests, conns, ok := ctl.Serving(); ok {
			st.Requests, st.Conns = &requests, &conns
		}
	}
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return write(ctx, c, message{websocket.MessageText, b})
}

func sendAll(ctx context.Context, c *websocket.Conn, q []message) error {
	for _, m := range q {
		if err := write(ctx, c, m); err != nil {
			return err
		}
	}
	return nil
}

// write sends one message to a viewer that may have vanished.
func write(ctx context.Context, c *websocket.Conn, m message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return c.Write(ctx, m.kind, m.b)
}

var _ trace.Sink = (*Live)(nil)
