package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func ask(t *testing.T, q Query, events ...Event) *Answer {
	t.Helper()
	a, err := Ask(q, fakeSymbol)
	if err != nil {
		t.Fatal(err)
	}
	a.WriteEvents(events)
	return a.Answer()
}

func textOf(a *Answer, lang string) string {
	var b bytes.Buffer
	a.WriteText(&b, lang)
	return b.String()
}

func wantText(t *testing.T, a *Answer, lang string, parts ...string) {
	t.Helper()
	s := textOf(a, lang)
	for _, p := range parts {
		if !strings.Contains(s, p) {
			t.Errorf("no %q in\n%s", p, s)
		}
	}
}

// two makes two coroutines that run on two Ps.
var two = []Event{
	{Kind: KProcs, B: 2, M: -1, P: -1},
	{Kind: KGoCreate, A: 1, B: 0xa1, C: 0x51, M: -1, P: -1},
	{Kind: KGoCreate, A: 2, B: 0xa2, C: 0x52, G: 1, M: -1, P: -1},
	{Kind: KGoStart, G: 1, M: 0, P: 0},
	{Kind: KGoStart, G: 2, M: 1, P: 1},
}

func after(events []Event, more ...Event) []Event {
	return append(events[:len(events):len(events)], more...)
}

func TestAskFindsALockCycle(t *testing.T) {
	events := after(two,
		Event{Time: 10, Kind: KGoPark, G: 1, Sub: uint8(WaitMutexLock), A: 0xb0, C: 2},
		Event{Time: 20, Kind: KGoPark, G: 2, Sub: uint8(WaitMutexLock), A: 0xc0, C: 1, M: 1, P: 1},
		Event{Time: 30, Kind: KDeadlock, A: 2, M: -1, P: -1},
		// What is left is unwound: that must not hide what was so.
		Event{Time: 40, Kind: KGoReady, A: 1, C: uint64(ByUnwind)},
		Event{Time: 50, Kind: KGoExit, G: 1},
		Event{Time: 50, Kind: KGoExit, G: 2})
	a := ask(t, Query{ID: "blocked"}, events...)
	if len(a.Graph.Cycles) != 1 || fmt.Sprint(a.Graph.Cycles[0]) != "[g1 0xb0 g2 0xc0]" {
		t.Errorf("cycles %v", a.Graph.Cycles)
	}
	if len(a.Graph.Nodes) != 4 || len(a.Graph.Edges) != 4 {
		t.Errorf("graph %+v", a.Graph)
	}
	if len(a.Marks) != 1 || a.Marks[0].T != 30 || a.Marks[0].I != int64(len(two)+2) {
		t.Errorf("marks %+v", a.Marks)
	}
	wantText(t, a, "en", "Deadlock at +30ns", "g1 fake.fa1 → mutex#1 → g2 fake.fa2 → mutex#2 → g1", "wsync.Mutex.Lock")
	wantText(t, a, "zh", "死锁", "锁环", "互斥锁")
}

// An unlock wakes one waiter: from then on that one holds the lock.
func TestAskFollowsWhoHoldsALock(t *testing.T) {
	events := after(two,
		Event{Kind: KGoCreate, A: 3, M: -1, P: -1},
		Event{Time: 10, Kind: KGoPark, G: 1, Sub: uint8(WaitMutexLock), A: 0xb0, C: 9},
		Event{Time: 11, Kind: KGoPark, G: 2, Sub: uint8(WaitMutexLock), A: 0xb0, C: 9, M: 1, P: 1},
		Event{Time: 20, Kind: KGoReady, G: 9, A: 1, B: 0xb0})
	a := ask(t, Query{ID: "blocked"}, events...)
	if row := a.Tables[0].Rows[0]; row[0] != uint64(2) || row[4] != uint64(1) {
		t.Errorf("%v, want g2 to wait for g1", row)
	}
	a = ask(t, Query{ID: "object", Object: 0xb0}, events...)
	wantText(t, a, "en", "mutex#1: 1 waits have ended, 1 wait now", "held by g1")
	a = ask(t, Query{ID: "locks"}, events...)
	wantText(t, a, "en", "mutex#1: 2 times, 19ns in all")
}

func TestAskWhoDelaysOthers(t *testing.T) {
	a := ask(t, Query{ID: "delays"}, after(two,
		Event{Time: 5, Kind: KGoCreate, A: 3, Sub: uint8(QLocal), P: 0},
		Event{Time: 6, Kind: KGoCreate, A: 4, Sub: uint8(QRunnext), P: 0},
		Event{Time: 5000, Kind: KGoPark, G: 1, Sub: uint8(WaitSleep)},
		Event{Time: 6000, Kind: KGoYield, G: 2, M: 1, P: 1, Sub: uint8(QLocal)})...)
	if r := a.Tables[0].Rows; len(r) != 2 || r[0][0] != uint64(2) || r[0][4] != int64(6000) || r[1][4] != int64(5000) || r[1][5] != 2 {
		t.Errorf("runs %v", r)
	}
	wantText(t, a, "en", "g2 fake.fa2 ran longest without giving its P up: 6µs, while 0 others waited")
}

func TestAskWhereLatencyComesFrom(t *testing.T) {
	a := ask(t, Query{ID: "latency"}, after(two,
		Event{Time: 100, Kind: KGoCreate, A: 3, Sub: uint8(QLocal), P: 0},
		Event{Time: 100, Kind: KGoCreate, A: 4, Sub: uint8(QGlobal), M: -1, P: -1},
		Event{Time: 900, Kind: KGoStart, G: 3, P: 0},
		Event{Time: 300, Kind: KGoStart, G: 4, M: 1, P: 1})...)
	wantText(t, a, "en", "longest 800ns", "runq", "global runq")
	if w := a.Tables[1].Rows[0]; w[0] != uint64(3) || w[3] != int64(800) || w[6] != uint64(1) {
		t.Errorf("longest wait %v, want g3 behind g1", w)
	}
	if h := a.Histogram; h == nil || h.Buckets[10] != 1 {
		t.Errorf("histogram %+v", h)
	}
}

func TestAskWhichPStarves(t *testing.T) {
	a := ask(t, Query{ID: "starved"}, after(two,
		Event{Time: 1000, Kind: KGoPark, G: 2, Sub: uint8(WaitSleep), M: 1, P: 1},
		Event{Time: 1000, Kind: KPIdle, M: -1, P: 1},
		Event{Time: 2000, Kind: KGoCreate, A: 3, Sub: uint8(QLocal), P: 0},
		Event{Time: 5000, Kind: KSteal, A: 0, B: 1, C: 3, M: 1, P: 1},
		Event{Time: 5000, Kind: KPAcquire, M: 1, P: 1},
		Event{Time: 5000, Kind: KGoStart, G: 3, M: 1, P: 1},
		Event{Time: 6000, Kind: KGoExit, G: 3, M: 1, P: 1})...)
	p0, p1 := a.Tables[0].Rows[0], a.Tables[0].Rows[1]
	if p0[2] != int64(6000) || p0[5] != int64(0) {
		t.Errorf("p0 %v: busy all the time", p0)
	}
	if p1[2] != int64(2000) || p1[4] != int64(4000) || p1[5] != int64(3000) || p1[7] != uint64(1) {
		t.Errorf("p1 %v: busy 2 µs, idle 4, 3 of them while g3 waited", p1)
	}
	wantText(t, a, "en", "p1 starved most: it was idle for 3µs, of 6µs")
}

func TestAskCountsWakeups(t *testing.T) {
	a := ask(t, Query{ID: "wakeups"}, after(two,
		Event{Kind: KGoPark, G: 2, Sub: uint8(WaitSleep), M: 1, P: 1},
		Event{Kind: KGoReady, G: 1, A: 2},
		Event{Kind: KSteal, A: 0, B: 3, C: 2, M: 1, P: 1},
		Event{Kind: KGoReady, A: 2, C: uint64(ByTimer)},
		Event{Kind: KMStart, A: 1}, Event{Kind: KTimer})...)
	wantText(t, a, "en", "2 times a coroutine was made runnable, 1 times an M", "1 steals", "fake.fa1  fake.fa2  1", "1 timers fired")
	wantText(t, a, "zh", "窃取 1 次")
}

func TestAskWhereCoroutinesAreCreated(t *testing.T) {
	a := ask(t, Query{ID: "sites"}, after(two,
		Event{Time: 7, Kind: KGoCreate, A: 3, B: 0xa2, C: 0x52, G: 1},
		Event{Time: 9, Kind: KGoExit, G: 2, M: 1, P: 1})...)
	if r := a.Tables[0].Rows[0]; r[2] != uint64(2) || r[3] != uint64(1) || r[4] != int64(9) || r[5] != int64(2) {
		t.Errorf("%v, want 2 created, 1 live, 9 ns running, 2 runnable", r)
	}
	wantText(t, a, "zh", "共在 2 处创建了 3 个协程")
}

func TestAskTheLifeOfACoroutine(t *testing.T) {
	events := after(two,
		Event{Time: 10, Kind: KGoPark, G: 2, Sub: uint8(WaitChanReceive), A: 0xd0, M: 1, P: 1},
		Event{Time: 30, Kind: KGoReady, G: 1, A: 2, B: 0xd0, Sub: uint8(QRunnext)},
		Event{Time: 33, Kind: KGoStart, G: 2, M: 0, P: 0, Sub: uint8(QRunnext)},
		Event{Time: 34, Kind: KGoCreate, A: 5, G: 2},
		Event{Time: 40, Kind: KGoExit, G: 2})
	a := ask(t, Query{ID: "life", G: 2}, events...)
	wantText(t, a, "en", "g2 runs fake.fa2. g1 created it", "ran 2 times, 17ns in all; was runnable for 3ns, parked for 20ns",
		"created 1 others", "ended at +40ns", "chan#1", "chan receive")
	if n := len(a.Tables[1].Rows); n != 5 {
		t.Errorf("%d steps, want runnable, running, waiting, runnable, running", n)
	}
	wantText(t, ask(t, Query{ID: "life", G: 77}, events...), "zh", "没有 g77")
}

func TestAskRefusesWhatItCantAnswer(t *testing.T) {
	for q, want := range map[Query]string{
		{ID: "nonsense"}: "ask blocked, delays",
		{ID: "life"}:     "needs a coroutine",
		{ID: "object"}:   "needs an object",
	} {
		if _, err := Ask(q, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// Every question has an answer to whatever is in a recording, whose cells fit
// its columns, and which says nothing that a format has spoilt.
func TestEveryQuestionIsAnsweredWhateverTheEvents(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		events := append(randomRun(r, 2000), Event{Time: 2000, Kind: KDeadlock, A: 3})
		var m Machine
		m.WriteEvents(events[:1000])
		events = append(m.Snapshot(nil), events[1000:]...)
		for _, q := range Questions() {
			a := ask(t, Query{ID: q.ID, G: 3, Object: 5}, events...)
			for _, lang := range []string{"en", "zh"} {
				if s := textOf(a, lang); strings.Contains(s, "%!") || strings.Contains(s, "<nil>") {
					t.Fatalf("%s: %s", q.ID, s)
				}
			}
			if len(a.Says) == 0 {
				t.Errorf("%s says nothing", q.ID)
			}
			for _, tab := range a.Tables {
				for _, row := range tab.Rows {
					if len(row) != len(tab.Columns) {
						t.Fatalf("%s: %d cells in %d columns", q.ID, len(row), len(tab.Columns))
					}
				}
			}
			if _, err := json.Marshal(a); err != nil {
				t.Errorf("%s: %v", q.ID, err)
			}
		}
	}
}
