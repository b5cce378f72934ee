package observe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// embrace makes two coroutines that each hold what the other waits for.
func embrace() {
	var a, b wsync.Mutex
	var both, done wsync.WaitGroup
	both.Add(2)
	done.Add(2)
	lock := func(first, second *wsync.Mutex) {
		first.Lock()
		both.Done()
		both.Wait()
		second.Lock()
		done.Done()
	}
	weft.Go(func() { lock(&a, &b) })
	weft.Go(func() { lock(&b, &a) })
	done.Wait()
}

func TestPlantedDeadlockIsFound(t *testing.T) {
	s := server(t, record(t, embrace, weft.OnCycle(func(string) {})))
	var a trace.Answer
	getJSON(t, s, "/api/ask?q=blocked", &a)
	if a.Graph == nil || len(a.Graph.Cycles) != 1 || len(a.Graph.Cycles[0]) != 4 {
		t.Fatalf("graph %+v", a.Graph)
	}
	cycle := a.Says[1].EN
	if !strings.HasPrefix(a.Says[0].EN, "Deadlock at") || !strings.Contains(cycle, "mutex#") || !strings.Contains(cycle, "embrace.func") {
		t.Errorf("says %v", a.Says)
	}
	var st state
	getJSON(t, s, fmt.Sprintf("/api/state?t=%d", a.Marks[0].T), &st)
	held := 0
	for _, g := range st.Gs {
		if g.Reason == "wsync.Mutex.Lock" && g.Holder != 0 && g.Object != nil {
			held++
		}
	}
	if held != 2 || st.Source != "events" || st.Sched.Step != "main" {
		t.Errorf("%d wait for a mutex whose holder is known: %+v", held, st)
	}
}

func TestEveryQuestionIsAnswered(t *testing.T) {
	s := server(t, record(t, pingPong))
	var questions []trace.Question
	getJSON(t, s, "/api/ask", &questions)
	if len(questions) < 9 {
		t.Errorf("%d questions", len(questions))
	}
	for _, q := range questions {
		var a trace.Answer
		getJSON(t, s, "/api/ask?q="+q.ID+"&g=1&object=7", &a)
		if len(a.Says) == 0 || a.Title.ZH == "" {
			t.Errorf("%s: %+v", q.ID, a)
		}
		getJSON(t, s, "/api/ask?q="+q.ID+"&g=1&object=0x7&from=1000&to=900000", &a)
	}
	for path, want := range map[string]string{
		"/api/ask?q=none": "ask blocked", "/api/ask?q=life": "needs a coroutine", "/api/ask?q=object&object=x": "give an address",
	} {
		if w := get(t, s, path); w.Code != 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestTwoSchedulesAreCompared(t *testing.T) {
	a, b := record(t, pingPong, weft.Seed(1)), record(t, pingPong, weft.Seed(1))
	c := record(t, embrace, weft.OnCycle(func(string) {}))
	s := New(Options{}, Bytes(Info{ID: "main"}, a), Bytes(Info{ID: "same"}, b), Bytes(Info{ID: "other"}, c))
	var d trace.Difference
	if getJSON(t, s, "/api/diff?a=main&b=same", &d); !d.Same {
		t.Errorf("the same seed twice: %+v", d.First)
	}
	if getJSON(t, s, "/api/diff?a=main&b=other", &d); d.Same || d.First == nil || len(d.Story) < 100 {
		t.Errorf("%+v", d.First)
	}
	if w := get(t, s, "/api/diff?a=main"); w.Code != 400 {
		t.Errorf("without b: %d %s", w.Code, w.Body)
	}
}

// The poller's table: who waits on which side, until when, and where the descriptor is registered.
func TestStateShowsThePollersTable(t *testing.T) {
	run := NewRuntime("test")
	s := run.Server(Options{})
	var st state
	err := weft.Run(func() {
		ln, err := wnet.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(time.Hour))
		weft.Go(func() { ln.Accept() })
		for len(st.Poll) != 1 || len(st.Poll[0].Readers) != 1 {
			weft.Yield()
			st = state{}
			getJSON(t, s, "/api/state", &st)
		}
		weft.Go(func() { weft.Sleep(time.Hour) })
		for timers := 0; timers == 0; {
			weft.Yield()
			st = state{}
			getJSON(t, s, "/api/state", &st)
			timers = *st.Ps[0].Timers
		}
		ln.Close()
	}, run.Option(), weft.Procs(1))
	if err != nil {
		t.Fatal(err)
	}
	run.Recorder.Stop()
	if d := st.Poll[0]; d.Slot == nil || d.FD == 0 || d.Readers[0] == 0 || len(d.Writers) != 0 || d.Deadline[0] == 0 {
		t.Errorf("netpoll %+v", d)
	}
	if p := st.Ps[0]; *p.Timers == 0 || p.NextTimer == 0 {
		t.Errorf("timers %+v", p)
	}
}

// Who is parked is asked where he stands, and what is free is counted.
func TestStackShowsWhereOneStands(t *testing.T) {
	run := NewRuntime("test")
	s := run.Server(Options{})
	var st state
	var stands stackOf
	err := weft.Run(func() {
		weft.Go(func() {})
		ch := wsync.NewChan[int](0)
		weft.Go(func() { ch.Recv() })
		for stands.Reason != "chan receive" || st.Ps[0].GFree == nil || *st.Ps[0].GFree < 1 {
			weft.Yield()
			st = state{}
			getJSON(t, s, "/api/state", &st)
			for _, g := range st.Gs {
				if g.Reason == "chan receive" {
					stands = stackOf{}
					getJSON(t, s, "/api/stack?g="+strconv.FormatUint(g.ID, 10), &stands)
				}
			}
		}
		ch.Close()
	}, run.Option(), weft.Procs(1))
	if err != nil {
		t.Fatal(err)
	}
	run.Recorder.Stop()
	here := func(c trace.Site) bool {
		return strings.Contains(c.Func, "TestStackShowsWhereOneStands") && strings.HasSuffix(c.File, "ask_test.go") && c.Line > 0
	}
	if !stands.Parked || !slices.ContainsFunc(stands.Calls, here) || strings.Contains(stands.Calls[0].Func, "sched") {
		t.Errorf("stands at %+v", stands)
	}
	for query, status := range map[string]int{"": http.StatusBadRequest, "?g=x": http.StatusBadRequest, "?g=2": http.StatusConflict} {
		if w := get(t, s, "/api/stack"+query); w.Code != status {
			t.Errorf("%q: %d %s, want %d", query, w.Code, w.Body, status)
		}
	}
}

// tablesOfFive returns the tables of a run with one P: main runs, one waits, three
// are queued. It was disturbed if the machine was so slow that sysmon has taken the
// P from main.
func tablesOfFive(t *testing.T) (st state, disturbed bool) {
	run := NewRuntime("test")
	s := run.Server(Options{})
	ch := wsync.NewChan[int](0)
	err := weft.Run(func() {
		weft.Go(func() { ch.Recv() })
		weft.Yield()
		for range 3 {
			weft.Go(func() {})
		}
		run.Recorder.Flush() // without giving the P up: the three stay in its queue
		w := get(t, s, "/api/state")
		if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil {
			t.Error(err)
		}
		disturbed = weft.ReadStats().Retakes > 0
		ch.Close()
	}, run.Option(), weft.Procs(1))
	if err != nil {
		t.Fatal(err)
	}
	run.Recorder.Stop()
	return st, disturbed
}

// Row 11: the tables of a run that goes on are the runtime's own.
func TestStateShowsTheRuntimesTables(t *testing.T) {
	st, disturbed := tablesOfFive(t)
	for disturbed {
		st, disturbed = tablesOfFive(t)
	}
	queued := append(slices.Clone(st.Ps[0].Runq), st.Ps[0].Runnext)
	if st.Source != "tables" || st.Procs != 1 || len(st.Ps) != 1 || len(queued) != 3 || st.Ps[0].M != 0.0 || st.Ps[0].Status != "user" {
		t.Errorf("tables %+v", st)
	}
	if len(st.Ms) != 1 || st.Ms[0].G0 == "" || st.Ms[0].P != 0.0 {
		t.Errorf("allm %+v", st.Ms)
	}
	statuses := map[string]int{}
	for _, g := range st.Gs {
		statuses[g.Status]++
		if g.Status == "waiting" && (g.Reason != "chan receive" || g.Object == nil || !strings.Contains(g.Entry, "tablesOfFive") ||
			!strings.HasSuffix(g.At.File, "ask_test.go")) {
			t.Errorf("who waits: %+v", g)
		}
	}
	if statuses["running"] != 1 || statuses["waiting"] != 1 || statuses["runnable"] != 3 {
		t.Errorf("allgs %v", statuses)
	}
}
