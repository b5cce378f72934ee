package trace

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A short life of a runtime, with the sentence for each event. Every kind must
// be in it.
var story = []struct {
	e    Event
	text string
}{
	{Event{Kind: KBoot, Sub: uint8(StepEntry), M: -1, P: -1}, "[runtime] step 1 of 12: entry"},
	{Event{Kind: KBoot, Sub: uint8(StepMstart), M: 0, P: -1}, "[m0 g0] step 5 of 12: mstart"},
	{Event{Kind: KProcs, A: 1, B: 4, M: 0, P: 0}, "[m0 p0 g0] procresize: 1 → 4 Ps"},
	{Event{Kind: KProcs, A: 2, B: 1, M: -1, P: -1}, "[runtime] procresize: 2 → 1 P"},
	{Event{Kind: KGoCreate, G: 1, A: 2, B: 0xf0, C: 0xf1, Sub: uint8(QLocal)},
		"[m0 p0 g1] newproc g2 fake.ff0 → p0.runq (f.go:241)"},
	{Event{Kind: KGoCreate, A: 3, Sub: uint8(QGlobal), M: -1, P: -1}, "[outside] newproc g3 → global runq"},
	{Event{Kind: KGoStart, G: 2, A: 1, Sub: uint8(QRunnext)}, "[m0 p0 g0] execute g2 (fresh, from p0.runnext)"},
	{Event{Kind: KGoStart, G: 2, Sub: uint8(QGlobal), P: 1, M: 3}, "[m3 p1 g0] execute g2 (from the global runq)"},
	{Event{Kind: KGoStart, G: 2, Sub: uint8(QSteal)}, "[m0 p0 g0] execute g2 (stolen)"},
	{Event{Kind: KGoStart, G: 2, A: 1, Sub: uint8(QStack)}, "[m0 p0 g0] execute g2 (fresh, on the same stack)"},
	{Event{Kind: KGoStart, G: 2, Sub: uint8(QNetpoll)}, "[m0 p0 g0] execute g2 (from netpoll)"},
	{Event{Kind: KGoStart, G: 2, Sub: uint8(QTimer)}, "[m0 p0 g0] execute g2 (from a timer)"},
	{Event{Kind: KGoStart, G: 2}, "[m0 p0 g0] execute g2"},
	{Event{Kind: KGoPark, G: 3, Sub: uint8(WaitChanReceive), A: 0xc000012080, B: 0xf2},
		"[m0 p0 g3] gopark: chan receive chan#1 (f.go:242)"},
	{Event{Kind: KGoPark, G: 4, Sub: uint8(WaitChanSend), A: 0xc000012100}, "[m0 p0 g4] gopark: chan send chan#2"},
	{Event{Kind: KGoPark, G: 4, Sub: uint8(WaitMutexLock), A: 0xc000012200},
		"[m0 p0 g4] gopark: wsync.Mutex.Lock mutex#1"},
	{Event{Kind: KGoPark, G: 4, Sub: uint8(WaitChanReceiveNil)}, "[m0 p0 g4] gopark: chan receive (nil chan)"},
	{Event{Kind: KGoPark, G: 4, Sub: uint8(WaitSleep), A: uint64(10 * time.Millisecond)},
		"[m0 p0 g4] gopark: sleep 10ms"},
	{Event{Kind: KGoPark, G: 4, Sub: uint8(WaitIORead), A: 7}, "[m0 p0 g4] gopark: IO read fd 7"},
	{Event{Kind: KGoReady, A: 4, B: 7, C: uint64(ByNetpoll), Sub: uint8(QLocal)},
		"[m0 p0 g0] goready g4 → p0.runq, parked on fd 7 (by netpoll)"},
	{Event{Kind: KGoPark, G: 4, Sub: uint8(WaitUser), A: 0x10}, "[m0 p0 g4] gopark: user 0x10"},
	{Event{Kind: KGoReady, G: 2, A: 3, B: 0xc000012080, Sub: uint8(QRunnext)},
		"[m0 p0 g2] goready g3 → p0.runnext, parked on chan#1"},
	{Event{Kind: KGoReady, A: 3, C: uint64(ByTimer), Sub: uint8(QLocal)}, "[m0 p0 g0] goready g3 → p0.runq (by timer)"},
	{Event{Kind: KGoReady, A: 3, B: 0x99, C: uint64(ByNetpoll), Sub: uint8(QGlobal), M: -1, P: -1},
		"[outside] goready g3 → global runq, parked on 0x99 (by netpoll)"},
	{Event{Kind: KGoReady, A: 3, C: uint64(BySysmon), Sub: uint8(QGlobal), M: -1, P: -1},
		"[sysmon] goready g3 → global runq (by sysmon)"},
	{Event{Kind: KGoYield, G: 2, Sub: uint8(QGlobal)}, "[m0 p0 g2] yield → global runq"},
	{Event{Kind: KGoExit, G: 2}, "[m0 p0 g2] goexit"},
	{Event{Kind: KGoBlock, G: 2}, "[m0 p0 g2] native call: the P goes on without it"},
	{Event{Kind: KGoUnblock, G: 2, A: 1}, "[m0 p0 g2] back from the native call, on a P at once"},
	{Event{Kind: KGoUnblock, G: 2, P: -1}, "[m0 g2] back from the native call, no P is free → global runq"},
	{Event{Kind: KSteal, A: 0, B: 3, C: 7, M: 1, P: 1}, "[m1 p1 g0] steal 3 from p0, run g7"},
	{Event{Kind: KOverflow, A: 129}, "[m0 p0 g0] runqputslow: p0.runq is full, move 129 Gs → global runq"},
	{Event{Kind: KGlobGet, A: 1}, "[m0 p0 g0] globrunqget: take 1 G from the global runq"},
	{Event{Kind: KMStart, A: 2, B: 1, Sub: 1}, "[m0 p0 g0] startm: new m2 for p1"},
	{Event{Kind: KMStart, A: 2, B: ^uint64(0)}, "[m0 p0 g0] startm: wake m2"},
	{Event{Kind: KMStop, M: 1, P: -1}, "[m1 g0] stopm: m1 has no work and sleeps"},
	{Event{Kind: KMSpin, Sub: 1}, "[m0 p0 g0] m0 spins, looking for work"},
	{Event{Kind: KMSpin}, "[m0 p0 g0] m0 stops spinning"},
	{Event{Kind: KPAcquire, M: 1, P: 1}, "[m1 p1 g0] acquirep p1"},
	{Event{Kind: KPIdle, M: 1, P: 1}, "[m1 p1 g0] pidleput p1"},
	{Event{Kind: KHandoff, A: 0, B: 2, M: 2, P: -1}, "[m2 g0] handoffp p0, m2 goes on without it"},
	{Event{Kind: KRetake, A: 0, B: 0, C: uint64(10 * time.Millisecond), M: -1, P: -1},
		"[sysmon] retake p0 from m0: in user mode for 10ms"},
	{Event{Kind: KRetake, Sub: 1, A: 0, B: 0, C: 1e6, M: 1, P: -1}, "[m1 sysmon] retake p0 from m0: in a system call for 1ms or more"},
	{Event{Kind: KNetpoll, A: 3, B: 1500, Sub: 1}, "[m0 p0 g0] netpoll: 3 Gs ready, after 1.5µs"},
	{Event{Kind: KNetpoll}, "[m0 p0 g0] netpoll: 0 Gs ready, without waiting"},
	{Event{Kind: KTimer, A: 2e6, B: 35e3}, "[m0 p0 g0] timer due at +2ms fires 35µs late"},
	{Event{Kind: KFork, G: 4}, "[m0 p0 g4] fork a child"},
	{Event{Kind: KForkSteal, G: 5, A: 9, B: 0, M: 1, P: 1}, "[m1 p1 g5] run a child that g9 forked on p0"},
	{Event{Kind: KFdOpen, G: 4, A: 7}, "[m0 p0 g4] open fd 7"},
	{Event{Kind: KFdClose, A: 7, M: -1, P: -1}, "[outside] close fd 7"},
	{Event{Kind: KPanic, G: 4}, "[m0 p0 g4] panic in g4, not recovered"},
	{Event{Kind: KDeadlock, A: 3, M: -1, P: -1}, "[runtime] deadlock: 3 coroutines parked for ever"},
	{Event{Kind: KLost, A: 12, M: -1, P: 1}, "[p1] 12 events lost here: the ring was full"},
	{Event{Kind: KState, A: 9, M: -1, P: -1}, "[runtime] how things stand, in 9 events"},
	{Event{Kind: KEntry, A: 0xf0, M: -1, P: -1}, "[kernel] the executable's entry point is 0xf0 (fake.ff0)"},
	{Event{Kind: KArgs, A: 1, B: 0x7ff0, P: -1}, "[m0 g0] args: argc 1, argv at 0x7ff0"},
	{Event{Kind: KOSInit, A: 2, B: 4096, P: -1}, "[m0 g0] osinit: 2 processors, 4096 bytes a page"},
	{Event{Kind: KMInit, A: 0x10, B: 0x20, M: 3, P: -1}, "[m3 g0] m3 is at 0x10, its g0 at 0x20"},
	{Event{Kind: KPInit, A: 0x30, P: 1}, "[m0 p1 g0] p1 is at 0x30"},
	{Event{Kind: KStack, B: 0x1000, C: 0x3000}, "[m0 p0 g0] m0.g0: stack from 0x1000 to 0x3000, 8192 bytes"},
	{Event{Kind: KStack, G: 1, A: 7, B: 0x1000, C: 0x1800}, "[m0 p0 g1] g7: stack from 0x1000 to 0x1800, 2048 bytes"},
	{Event{Kind: KGoEntry, G: 1, A: 7, B: 0xf3, C: 0xc010},
		"[m0 p0 g1] g7: its function will return into fake.ff3 (0xf4); closure at 0xc010"},
	{Event{Kind: KGoArg, G: 1, A: 7, Sub: 3, B: 42, C: 7}, "[m0 p0 g1] g7: copied at the go statement: 0x2a, 0x7, …"},
	{Event{Kind: KInitTask, G: 1, A: 0xf4}, "[m0 p0 g1] initialise package example.org/fake"},
	{Event{Kind: KSyscall, G: 1, A: 0xf5}, "[m0 p0 g1] enter a system call (f.go:245)"},
	{Event{Kind: KSysret, G: 1, A: 1, P: 1}, "[m0 p1 g1] back from the system call, on p1"},
	{Event{Kind: KSysret, G: 1, P: -1}, "[m0 g1] back from the system call, no P is free → global runq"},
	{Event{Kind: KPreempt, A: 1, B: 10e6, M: 1, P: -1}, "[m1 sysmon] preemptone: who is on p1 has run for 10ms and is asked to stop"},
	{Event{Kind: KPreempt, A: 1, M: 1, P: -1}, "[m1 sysmon] preemptone: who is on p1 is asked to stop"},
	{Event{Kind: KGCStop, P: 1, M: 1}, "[m1 p1 g0] gcstopm: m1 gives its P up, the world is to stop"},
	{Event{Kind: KChoose, G: 3, A: 7, B: 3, C: 2}, "[m0 p0 g3] decision 7: of 2, g3 goes on"},
	{Event{Kind: KChoose, A: 8, B: 0, C: 3, Sub: 2}, "[m0 p0 g0] decision 8: of 3, time goes on, which is not the default"},
	{Event{Kind: KServed, A: 12, B: 1, C: 1e8, M: -1, P: -1}, "[outside] served so far: 12 requests, on 1 connection"},
	{Event{Kind: KGoYield, G: 2, A: 1, Sub: uint8(QGlobal)}, "[m0 p0 g2] yield → global runq, because it was asked to"},
	{Event{Kind: 200}, "[m0 p0 g0] unknown event 200"},
}

func TestTextNarratesEveryKind(t *testing.T) {
	var seen [KindCount]bool
	var b bytes.Buffer
	text := NewText(&b, TextOptions{Symbol: fakeSymbol})
	for _, s := range story {
		if s.e.Kind < KindCount {
			seen[s.e.Kind] = true
		}
		b.Reset()
		if err := text.WriteEvents([]Event{s.e}); err != nil {
			t.Fatal(err)
		}
		if b.String() != s.text+"\n" {
			t.Errorf("got  %swant %s", b.String(), s.text)
		}
	}
	for k := KNone + 1; k < KindCount; k++ {
		if !seen[k] {
			t.Errorf("no sentence for kind %v", k)
		}
	}
}

func TestTextNamesEveryReason(t *testing.T) {
	n := newNarrator(nil)
	said := map[string]Reason{}
	for r := WaitNone + 1; r < ReasonCount; r++ {
		s := n.describe(&Event{Kind: KGoPark, Sub: uint8(r), A: 7})
		if other, ok := said[s]; ok || !strings.Contains(s, r.String()) {
			t.Errorf("%v and %v are both %q", r, other, s)
		}
		said[s] = r
	}
}

// Every sentence that there is in English has one in Chinese, with the same
// values in it.
func TestTextNarratesInChinese(t *testing.T) {
	english, other := newNarrator(fakeSymbol), newNarrator(fakeSymbol)
	other.lang = languages["zh"]
	same := map[string]bool{"select": true, "panic": true, "coroutine": true, "synctest": true}
	for _, s := range story {
		en, zh := english.describe(&s.e), other.describe(&s.e)
		if en == zh || strings.Contains(zh, "%!") {
			t.Errorf("%s: %s", en, zh)
		}
	}
	for r := WaitNone + 1; r < ReasonCount; r++ {
		word := r.String()
		if !strings.Contains(word, ".") && !same[word] && other.word(r) == word {
			t.Errorf("no Chinese for the reason %q", word)
		}
	}
	for s := Step(0); s < StepCount; s++ {
		if other.word(s) == s.String() {
			t.Errorf("no Chinese for the step %v", s)
		}
	}
	values := func(format string) int { return strings.Count(format, "%") }
	for en, zh := range languages["zh"] {
		if values(en) != values(zh) {
			t.Errorf("%q has other values than %q", zh, en)
		}
	}
}

func TestTextTimes(t *testing.T) {
	var b bytes.Buffer
	text := NewText(&b, TextOptions{Times: true})
	text.WriteEvents([]Event{{Kind: KGoExit, G: 1, Time: 12_345}, {Kind: KGoExit, G: 2, Time: 1_234_567_890}})
	const want = "     +12.345µs [m0 p0 g1] goexit\n +1.23456789s [m0 p0 g2] goexit\n"
	if got := b.String(); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	lines := strings.Split(b.String(), "\n")
	if len([]rune(lines[0])) != len([]rune(lines[1])) {
		t.Errorf("columns differ:\n%s", b.String())
	}
}

func TestTextRenumbersAnAddressThatBecomesSomethingElse(t *testing.T) {
	n := newNarrator(nil)
	park := func(r Reason) string { return n.describe(&Event{Kind: KGoPark, Sub: uint8(r), A: 0x40}) }
	ready := func() string { return n.describe(&Event{Kind: KGoReady, A: 1, B: 0x40}) }
	got := []string{park(WaitChanReceive), park(WaitChanSend), ready(), park(WaitMutexLock), ready(), park(WaitMutexLock)}
	want := []string{
		"gopark: chan receive chan#1", "gopark: chan send chan#1", "goready g1, parked on chan#1",
		"gopark: wsync.Mutex.Lock mutex#1", "goready g1, parked on mutex#1", "gopark: wsync.Mutex.Lock mutex#1",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEveryNameIsKnown(t *testing.T) {
	check := func(n int, name func(i int) string) {
		t.Helper()
		seen := map[string]bool{}
		for i := range n {
			s := name(i)
			if seen[s] || strings.HasPrefix(s, "unknown") || s == "" && i != 0 {
				t.Errorf("number %d of %d is called %q", i, n, s)
			}
			seen[s] = true
		}
		if !strings.HasPrefix(name(n), "unknown") {
			t.Errorf("number %d is called %q", n, name(n))
		}
	}
	check(int(KindCount), func(i int) string { return Kind(i).String() })
	check(int(ReasonCount), func(i int) string { return Reason(i).String() })
	check(int(QueueCount), func(i int) string { return Queue(i).String() })
	check(int(CauseCount), func(i int) string { return Cause(i).String() })
	check(int(StepCount), func(i int) string { return Step(i).String() })
}

func TestSymbolNames(t *testing.T) {
	s := Symbol{"example.org/a/b.(*T).Run.func1", "/x/y/run.go", 12}
	if s.Name() != "b.(*T).Run.func1" || s.Pos() != "run.go:12" {
		t.Errorf("%q at %q", s.Name(), s.Pos())
	}
	if z := (Symbol{}); z.Name() != "" || z.Pos() != "" {
		t.Errorf("unknown: %q at %q", z.Name(), z.Pos())
	}
	if got := Resolve(12); got.Name() != "" || got.Pos() != "" {
		t.Errorf("no program counter: %+v", got)
	}
}
