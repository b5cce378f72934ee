package trace

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// TextOptions configure a [Text].
type TextOptions struct {
	Times  bool                   // begin each line with its time since the start
	Symbol func(pc uint64) Symbol // what program counters stand for; nil means Resolve
	Lang   string                 // "en", which is the default, or "zh"; see Languages
}

// Text is a [Sink] that narrates: it writes one line for each event, as
//
//	[m0 p0 g1] newproc g2 main.main.func1 → p0.runq (main.go:12)
//
// which names the M, the P and the G (g0 for the scheduler itself) that did it.
// Objects are numbered as they appear: chan#1 is the first channel that anybody
// parked on.
type Text struct {
	w    io.Writer
	opts TextOptions
	n    narrator
	buf  []byte
}

// NewText returns a Text that writes to w, once for each call of WriteEvents.
func NewText(w io.Writer, opts TextOptions) *Text {
	t := &Text{w: w, opts: opts, n: newNarrator(opts.Symbol)}
	t.n.lang = languages[opts.Lang]
	return t
}

// WriteEvents writes a line for each event.
func (t *Text) WriteEvents(events []Event) error {
	t.buf = t.buf[:0]
	for i := range events {
		e := &events[i]
		if t.opts.Times {
			t.buf = fmt.Appendf(t.buf, "%14s ", "+"+time.Duration(e.Time).String())
		}
		t.buf = append(t.buf, where(e)...)
		t.buf = append(t.buf, ' ')
		t.buf = append(t.buf, t.n.describe(e)...)
		t.buf = append(t.buf, '\n')
	}
	_, err := t.w.Write(t.buf)
	return err
}

// Close does nothing.
func (t *Text) Close() error { return nil }

// where returns who made the decision, as "[m0 p0 g1]".
func where(e *Event) string {
	switch {
	case e.Kind == KEntry:
		return "[kernel]"
	case e.M >= 0 && (e.Kind == KRetake || e.Kind == KPreempt):
		return fmt.Sprintf("[m%d sysmon]", e.M)
	case e.M < 0 && e.G == 0:
		switch {
		case e.P >= 0:
			return fmt.Sprintf("[p%d]", e.P)
		case e.Kind == KRetake, e.Kind == KGoReady && Cause(e.C) == BySysmon:
			return "[sysmon]"
		case e.Kind == KBoot, e.Kind == KProcs, e.Kind == KDeadlock, e.Kind == KState:
			return "[runtime]"
		}
		return "[outside]"
	}
	b := []byte{'['}
	if e.M >= 0 {
		b = fmt.Appendf(b, "m%d ", e.M)
	}
	if e.P >= 0 {
		b = fmt.Appendf(b, "p%d ", e.P)
	}
	g := e.G
	if e.Kind == KGoStart { // the scheduler's decision, on behalf of G
		g = 0
	}
	return string(fmt.Appendf(b, "g%d]", g))
}

// maxObjects is how many objects get a number, those after them are shown by
// their addresses; and of how many parked Gs it is known what they wait for.
const maxObjects = 1 << 16

// A narrator turns events into sentences. It remembers symbols and objects.
type narrator struct {
	symbols symbols
	objects map[uint64]string
	counts  map[string]int    // of objects, by what they are
	waits   map[uint64]string // what each parked G waits for
	whys    map[uint64]Reason // why each parked G waits
	names   map[uint64]string // the entry of each G that lives
	lang    map[string]string // the formats in another language
}

func newNarrator(resolve func(pc uint64) Symbol) narrator {
	return narrator{
		symbols: newSymbols(resolve),
		objects: make(map[uint64]string), counts: make(map[string]int),
		waits: make(map[uint64]string), whys: make(map[uint64]Reason), names: make(map[uint64]string),
	}
}

// f is Sprintf in the narrator's language.
func (n *narrator) f(format string, args ...any) string {
	if t, ok := n.lang[format]; ok {
		format = t
	}
	return fmt.Sprintf(format, args...)
}

// word is what x is called in the narrator's language.
func (n *narrator) word(x fmt.Stringer) string {
	word := x.String()
	if t, ok := n.lang[word]; ok {
		return t
	}
	return word
}

// describe says what e is, without who made it.
func (n *narrator) describe(e *Event) string {
	switch {
	case e.Kind <= KNone || e.Kind >= KindCount:
		return n.f("unknown event %d", e.Kind)
	case e.Kind <= KProcs:
		return n.describeBoot(e)
	case e.Kind <= KGoUnblock:
		return n.describeG(e)
	case e.Kind <= KGlobGet:
		return n.describeQueues(e)
	case e.Kind <= KRetake:
		return n.describeMP(e)
	}
	if e.Kind <= KState {
		return n.describeRest(e)
	}
	return n.describeGo(e)
}

func (n *narrator) describeBoot(e *Event) string {
	if e.Kind == KProcs {
		return n.f("procresize: %d → %s", e.A, n.count(e.B, "P"))
	}
	s := n.f("step %d of %d: %v", e.Sub+1, StepCount, n.word(Step(e.Sub)))
	if Step(e.Sub) == StepExit && e.B > 0 {
		s += n.f(", status %d", e.A) + n.left(e)
	}
	return s
}

func (n *narrator) describeG(e *Event) string {
	switch e.Kind {
	case KGoCreate:
		name := n.symbols.get(e.B).Name()
		if len(n.names) < maxObjects {
			n.names[e.A] = name
		}
		return n.f("newproc g%d%s%s%s", e.A, space(name), n.to(e), n.site(e.C))
	case KGoStart:
		return n.f("execute g%d%s", e.G, parens(join(n.fresh(e.A), n.from(e))))
	case KGoPark:
		on := n.parkedOn(e)
		if len(n.waits) < maxObjects {
			n.waits[e.G] = on
			n.whys[e.G] = Reason(e.Sub)
		}
		return n.f("gopark: %v%s%s", n.word(Reason(e.Sub)), space(on), n.site(e.B))
	case KGoReady:
		s := n.f("goready g%d%s", e.A, n.to(e))
		on, ok := n.waits[e.A]
		if !ok {
			on = n.object(e.B, "object")
		}
		if on != "" {
			s += n.f(", parked on ") + on
		}
		delete(n.waits, e.A)
		delete(n.whys, e.A)
		if c := Cause(e.C); c != ByCoroutine {
			s += n.f(" (by %v)", n.word(c))
		}
		return s
	case KGoYield:
		if e.A == 1 {
			return n.f("yield%s, because it was asked to", n.to(e))
		}
		return n.f("yield%s", n.to(e))
	case KGoExit:
		delete(n.names, e.G)
		return n.f("goexit")
	case KGoBlock:
		return n.f("native call: the P goes on without it")
	}
	if e.A == 1 {
		return n.f("back from the native call, on a P at once")
	}
	return n.f("back from the native call, no P is free → global runq")
}

func (n *narrator) describeQueues(e *Event) string {
	switch e.Kind {
	case KSteal:
		return n.f("steal %d from p%d, run g%d", e.B, e.A, e.C)
	case KOverflow:
		return n.f("runqputslow: p%d.runq is full, move %s → global runq", e.P, n.count(e.A, "G"))
	}
	return n.f("globrunqget: take %s from the global runq", n.count(e.A, "G"))
}

func (n *narrator) describeMP(e *Event) string {
	switch e.Kind {
	case KMStart:
		s := n.f("startm: wake m%d", e.A)
		if e.Sub == 1 {
			s = n.f("startm: new m%d", e.A)
		}
		if p := int64(e.B); p >= 0 {
			s += n.f(" for p%d", p)
		}
		return s
	case KMStop:
		return n.f("stopm: m%d has no work and sleeps", e.M)
	case KMSpin:
		if e.Sub == 1 {
			return n.f("m%d spins, looking for work", e.M)
		}
		return n.f("m%d stops spinning", e.M)
	case KPAcquire:
		return n.f("acquirep p%d", e.P)
	case KPIdle:
		return n.f("pidleput p%d", e.P)
	case KHandoff:
		return n.f("handoffp p%d, m%d goes on without it", e.A, e.B)
	}
	if e.Sub == 1 {
		return n.f("retake p%d from m%d: in a system call for %v or more", e.A, e.B, time.Duration(e.C))
	}
	return n.f("retake p%d from m%d: in user mode for %v", e.A, e.B, time.Duration(e.C))
}

func (n *narrator) describeRest(e *Event) string {
	switch e.Kind {
	case KNetpoll:
		how := n.f("without waiting")
		if e.Sub == 1 {
			how = n.f("after %v", time.Duration(e.B))
		}
		return n.f("netpoll: %s ready, %s", n.count(e.A, "G"), how)
	case KTimer:
		return n.f("timer due at +%v fires %v late", time.Duration(e.A), time.Duration(e.B))
	case KFork:
		return n.f("fork a child")
	case KForkSteal:
		return n.f("run a child that g%d forked on p%d", e.A, e.B)
	case KFdOpen:
		return n.f("open fd %d", e.A)
	case KFdClose:
		return n.f("close fd %d", e.A)
	case KPanic:
		return n.f("panic in g%d, not recovered", e.G)
	case KDeadlock:
		return n.f("deadlock: %s parked for ever", n.count(e.A, "coroutine"))
	case KState:
		return n.f("how things stand, in %s", n.count(e.A, "event"))
	}
	return n.f("%s lost here: the ring was full", n.count(e.A, "event"))
}

// parkedOn names the object of a KGoPark.
func (n *narrator) parkedOn(e *Event) string {
	switch r := Reason(e.Sub); r {
	case WaitSleep:
		return time.Duration(e.A).String()
	case WaitIORead, WaitIOWrite, WaitIOAccept, WaitIOConnect, WaitIOClose:
		return "fd " + strconv.FormatUint(e.A, 10)
	default:
		return n.object(e.A, r.object())
	}
}

// object names the object at an address. What it is is only known where somebody
// parks on it; an address that was one thing may become another.
func (n *narrator) object(addr uint64, what string) string {
	if addr == 0 {
		return ""
	}
	name, ok := n.objects[addr]
	if !ok || what != "object" && !strings.HasPrefix(name, what+"#") {
		if what == "object" || len(n.objects) >= maxObjects {
			return fmt.Sprintf("%#x", addr)
		}
		n.counts[what]++
		name = what + "#" + strconv.Itoa(n.counts[what])
		n.objects[addr] = name
	}
	return name
}

// object says in a word what a coroutine that parks for r waits for.
func (r Reason) object() string {
	switch r {
	case WaitChanReceive, WaitChanSend:
		return "chan"
	case WaitSelect:
		return "select"
	case WaitMutexLock, WaitSyncMutexLock:
		return "mutex"
	case WaitRWMutexRLock, WaitRWMutexLock, WaitSyncRWMutexRLock, WaitSyncRWMutexLock:
		return "rwmutex"
	case WaitWaitGroup, WaitSyncWaitGroup:
		return "waitgroup"
	case WaitCond, WaitSyncCond:
		return "cond"
	case WaitOnce:
		return "once"
	case WaitSemaphore, WaitSemacquire:
		return "semaphore"
	case WaitGroup:
		return "group"
	case WaitJoin:
		return "fork"
	}
	return "object"
}

// site returns where in the source pc is, in parentheses.
func (n *narrator) site(pc uint64) string { return parens(n.symbols.get(pc).Pos()) }

// to returns the queue that e put a G on, as " → p0.runq".
func (n *narrator) to(e *Event) string {
	switch q := Queue(e.Sub); {
	case q == QNone:
		return ""
	case e.P >= 0 && (q == QRunnext || q == QLocal):
		return fmt.Sprintf(" → p%d.%v", e.P, q)
	default:
		return " → " + n.word(q)
	}
}

// from returns the queue that e took a G from, as "from p0.runq".
func (n *narrator) from(e *Event) string {
	switch q := Queue(e.Sub); q {
	case QNone:
		return ""
	case QRunnext, QLocal:
		return n.f("from p%d.%v", e.P, q)
	case QGlobal:
		return n.f("from the global runq")
	case QNetpoll:
		return n.f("from netpoll")
	case QStack:
		return n.f("on the same stack")
	case QTimer:
		return n.f("from a timer")
	default:
		return n.word(q)
	}
}

func (n *narrator) fresh(a uint64) string {
	if a == 1 {
		return n.f("fresh")
	}
	return ""
}

// count returns n and what it counts, as "1 G" or "3 Gs".
func count(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatUint(n, 10) + " " + what
}

func (n *narrator) count(c uint64, what string) string {
	if t, ok := n.lang[what]; ok {
		return strconv.FormatUint(c, 10) + " " + t
	}
	return count(c, what)
}

func space(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func parens(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
