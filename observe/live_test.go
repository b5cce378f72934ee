package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
)

// patience is how long what must come may take, on the slowest of machines.
const patience = 4 * time.Minute

func init() { sendTimeout = patience } // a test may be slow to take what it is sent

// watcher is a viewer's end of a feed.
type watcher struct {
	t      testing.TB
	c      *websocket.Conn
	stream bytes.Buffer
	told   []map[string]any
}

func watch(t testing.TB, base, query string) *watcher {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(base, "http", "ws", 1)+"/api/live"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 30)
	t.Cleanup(func() { c.CloseNow() })
	w := &watcher{t: t, c: c}
	w.until(func(w *watcher) bool { return w.stream.Len() > 0 }) // it has joined
	return w
}

// until reads messages until done says so.
func (w *watcher) until(done func(w *watcher) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !done(w) {
		kind, b, err := w.c.Read(ctx)
		if err != nil {
			w.t.Fatalf("%v, having been told %v", err, w.told)
		}
		if kind == websocket.MessageBinary {
			w.stream.Write(b)
			continue
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			w.t.Fatal(err)
		}
		w.told = append(w.told, m)
	}
}

func (w *watcher) last(kind string) map[string]any {
	for i := len(w.told) - 1; i >= 0; i-- {
		if w.told[i]["type"] == kind {
			return w.told[i]
		}
	}
	return nil
}

func ended(w *watcher) bool { return w.last("end") != nil }

// events decodes what has come.
func (w *watcher) events() []trace.Event {
	w.t.Helper()
	events, err := trace.NewReader(&w.stream).ReadAll()
	if err == nil || !strings.Contains(err.Error(), "cut short") { // a feed has no end mark
		w.t.Fatal(err)
	}
	return events
}

// summary says what a machine is like, without what a snapshot can't tell.
func summary(m *trace.Machine) any {
	type g struct {
		Status trace.GStatus
		Entry  uint64
		Why    trace.Reason
	}
	gs := make(map[uint64]g)
	for id, x := range m.Gs {
		gs[id] = g{x.Status, x.Entry, x.Why}
	}
	queues := [][]uint64{m.Global.List(-1)}
	for i := range m.Ps {
		queues = append(queues, m.Ps[i].Runq.List(-1))
	}
	return []any{gs, queues, m.Procs, m.Now}
}

func TestViewersSeeTheRun(t *testing.T) {
	run := NewRuntime("test")
	ts := httptest.NewServer(run.Server(Options{}))
	defer ts.Close()
	early := watch(t, ts.URL, "")
	var late *watcher
	err := weft.Run(func() {
		pingPong()
		weft.Block(func() {
			run.Recorder.Flush()
			late = watch(t, ts.URL, "")
		})
		pingPong()
	}, run.Option())
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Recorder.Stop(); err != nil {
		t.Fatal(err)
	}
	b, _ := run.Live.Open()
	whole, err := trace.NewReader(b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]*watcher{"early": early, "late": late} {
		w.until(ended)
		var m trace.Machine
		events := w.events()
		m.WriteEvents(events)
		if events[0].Kind != trace.KState {
			t.Errorf("%s: begins with %v", name, events[0].Kind)
		}
		if got, want := summary(&m), summary(&run.Live.machine); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: sees %v, is %v", name, got, want)
		}
		if name == "early" && !reflect.DeepEqual(events, whole) {
			t.Errorf("%d events came, the history has %d", len(events), len(whole))
		}
		if name == "late" && len(events) >= len(whole) {
			t.Errorf("late: %d events of %d", len(events), len(whole))
		}
	}
	if s := early.last("stats"); s["events"] != float64(len(whole)-2) || s["dropped"] != 0.0 { // KState and KProcs are not the run's
		t.Errorf("told %v of %d events", s, len(whole))
	}
}

// feedOf sends made-up events into a feed, so many at a time.
func feedOf(l *Live, from, n int) {
	batch := make([]trace.Event, 0, 1024)
	for i := from; i < from+n; i++ {
		batch = append(batch, trace.Event{Time: int64(i), Kind: trace.KGoReady, Sub: uint8(trace.QLocal),
			G: 1<<63 + uint64(i), A: uint64(i%100 + 1), B: 1 << 63, C: 1 << 63})
		if len(batch) == cap(batch) || i == from+n-1 {
			l.WriteEvents(batch)
			batch = batch[:0]
		}
	}
}

// A viewer that takes nothing holds nobody up; it misses events, is told how
// many, and then how things stand.
func TestSlowViewerMissesEventsAndIsTold(t *testing.T) {
	l := NewLive(Info{ID: "main"}, nil)
	ts := httptest.NewServer(New(Options{}, l))
	defer ts.Close()
	w := watch(t, ts.URL, "?rate=1000000000")
	const n = 700_000 // more than the queue and the connection hold
	feedOf(l, 0, n)   // returns although nobody reads
	more := n
	w.until(func(w *watcher) bool {
		if w.last("gap") == nil {
			feedOf(l, more, 1)
			more++
		}
		return w.last("gap") != nil
	})
	l.Close()
	w.until(ended)
	gap, missed := w.last("gap"), 0.0
	for _, m := range w.told {
		if m["type"] == "gap" {
			missed += m["dropped"].(float64)
		}
	}
	events := w.events()
	seen, states := 0, 0
	var m trace.Machine
	for i := range events {
		m.Apply(&events[i])
		if !m.Telling() {
			seen++
		}
		if events[i].Kind == trace.KState {
			states++
		}
	}
	if states < 2 || missed == 0 || seen+int(missed) != more {
		t.Errorf("%d seen + %v missed (%v), want %d; %d states", seen, missed, gap, more, states)
	}
	if got, want := summary(&m), summary(&l.machine); !reflect.DeepEqual(got, want) {
		t.Errorf("sees %v, is %v", got, want)
	}
}

func TestRateIsHeld(t *testing.T) {
	l := NewLive(Info{ID: "main"}, nil)
	v := l.join(5000)
	v.filled = time.Now().Add(time.Hour) // time stands still
	feedOf(l, 0, 100_000)
	sent := uint64(100_000) - v.dropped
	if sent == 0 || sent > 5000 {
		t.Errorf("%d events sent of a budget of 5000", sent)
	}
}

func TestViewerThatVanishesIsForgotten(t *testing.T) {
	l := NewLive(Info{ID: "main"}, nil)
	s := New(Options{}, l)
	gone := make(chan struct{})
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
		close(gone)
	}))
	defer ts.Close()
	w := watch(t, ts.URL, "")
	feedOf(l, 0, 10)
	w.c.CloseNow()
	<-gone
	if l.mu.Lock(); len(l.viewers) != 0 {
		t.Errorf("%d viewers", len(l.viewers))
	}
	l.mu.Unlock()
}

func TestHistoryIsBoundedAndBeginsWithHowThingsStood(t *testing.T) {
	l := NewLive(Info{ID: "main"}, nil)
	feedOf(l, 0, 700_000)
	b, err := l.Open()
	if err != nil {
		t.Fatal(err)
	}
	all, _ := io.ReadAll(b)
	if len(all) > historyBytes+4*segmentBytes {
		t.Errorf("%d bytes are kept", len(all))
	}
	events, err := trace.NewReader(bytes.NewReader(all)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var m trace.Machine
	m.WriteEvents(events)
	if got, want := summary(&m), summary(&l.machine); events[0].Kind != trace.KState || !reflect.DeepEqual(got, want) {
		t.Errorf("begins with %v; sees %v, is %v", events[0].Kind, got, want)
	}
	if x, err := l.Index(); err != nil || x.Events != uint64(len(events)) {
		t.Errorf("index %+v, %v", x, err)
	}
}

func TestForeignPageMayNotWatch(t *testing.T) {
	ts := httptest.NewServer(New(Options{}, NewLive(Info{ID: "main"}, nil)))
	defer ts.Close()
	_, resp, err := websocket.Dial(context.Background(), strings.Replace(ts.URL, "http", "ws", 1)+"/api/live",
		&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://evil.example"}}})
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("%v, %v", err, resp)
	}
}

func TestRunIsControlledWithTheToken(t *testing.T) {
	run := NewRuntime("test")
	s := run.Server(Options{Token: "secret"})
	post := func(body string) (int, map[string]any) {
		r := httptest.NewRequest("POST", "http://127.0.0.1/api/control", strings.NewReader(body))
		r.Header.Set("X-Weft-Token", "secret")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var m map[string]any
		json.Unmarshal(w.Body.Bytes(), &m)
		return w.Code, m
	}
	err := weft.Run(func() {
		weft.Block(func() {
			if code, m := post(`{"procs":3}`); code != 200 || m["procs"] != 3.0 {
				t.Errorf("procs: %d %v", code, m)
			}
			if code, m := post(`{"recording":false}`); code != 200 || m["recording"] != false {
				t.Errorf("pause: %d %v", code, m)
			}
		})
		pingPong()
		weft.Block(func() {
			if code, m := post(`{"recording":true}`); code != 200 || m["recording"] != true {
				t.Errorf("resume: %d %v", code, m)
			}
			for body, want := range map[string]string{
				`{"procs":0}`: "from 1 to", `{"procs":100000}`: "from 1 to", `{"x":1}`: "send {", `nonsense`: "send {",
			} {
				if code, m := post(body); code != 400 || !strings.Contains(m["error"].(string), want) {
					t.Errorf("%s: %d %v", body, code, m)
				}
			}
		})
	}, run.Option(), weft.Procs(1))
	if err != nil {
		t.Fatal(err)
	}
	run.Recorder.Stop()
	b, _ := run.Live.Open()
	events, err := trace.NewReader(b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	parks := 0
	for _, e := range events {
		if e.Kind == trace.KGoPark && e.Sub == uint8(trace.WaitChanSend) {
			parks++
		}
	}
	if parks != 0 {
		t.Errorf("%d parks were recorded during the pause", parks)
	}
	for id := range run.Live.machine.Gs {
		if id > 1 {
			t.Errorf("g%d, which ended during the pause, is still there", id)
		}
	}
}
