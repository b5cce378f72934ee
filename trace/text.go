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
	return &Text{w: w, opts: opts, n: newNarrator(opts.Symbol)}
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
	if e.M < 0 && e.G == 0 {
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
}

func newNarrator(resolve func(pc uint64) Symbol) narrator {
	return narrator{newSymbols(resolve), make(map[uint64]string), make(map[string]int), make(map[uint64]string)}
}

// describe says what e is, without who made it.
func (n *narrator) describe(e *Event) string {
	switch {
	case e.Kind <= KNone || e.Kind >= KindCount:
		return fmt.Sprintf("unknown event %d", e.Kind)
	case e.Kind <= KProcs:
		return n.describeBoot(e)
	case e.Kind <= KGoUnblock:
		return n.describeG(e)
	case e.Kind <= KGlobGet:
		return n.describeQueues(e)
	case e.Kind <= KRetake:
		return n.describeMP(e)
	}
	return n.describeRest(e)
}

func (n *narrator) describeBoot(e *Event) string {
	if e.Kind == KProcs {
		return fmt.Sprintf("procresize: %d → %s", e.A, count(e.B, "P"))
	}
	return fmt.Sprintf("step %d of %d: %v", e.Sub+1, StepCount, Step(e.Sub))
}

func (n *narrator) describeG(e *Event) string {
	switch e.Kind {
	case KGoCreate:
		name := n.symbols.get(e.B).Name()
		return fmt.Sprintf("newproc g%d%s%s%s", e.A, space(name), to(e), n.site(e.C))
	case KGoStart:
		return fmt.Sprintf("execute g%d%s", e.G, parens(join(fresh(e.A), from(e))))
	case KGoPark:
		on := n.parkedOn(e)
		if len(n.waits) < maxObjects {
			n.waits[e.G] = on
		}
		return fmt.Sprintf("gopark: %v%s%s", Reason(e.Sub), space(on), n.site(e.B))
	case KGoReady:
		s := fmt.Sprintf("goready g%d%s", e.A, to(e))
		on, ok := n.waits[e.A]
		if !ok {
			on = n.object(e.B, "object")
		}
		if on != "" {
			s += ", parked on " + on
		}
		delete(n.waits, e.A)
		if c := Cause(e.C); c != ByCoroutine {
			s += fmt.Sprintf(" (by %v)", c)
		}
		return s
	case KGoYield:
		return fmt.Sprintf("yield%s", to(e))
	case KGoExit:
		return "goexit"
	case KGoBlock:
		return "native call: the P goes on without it"
	}
	if e.A == 1 {
		return "back from the native call, on a P at once"
	}
	return "back from the native call, no P is free → global runq"
}

func (n *narrator) describeQueues(e *Event) string {
	switch e.Kind {
	case KSteal:
		return fmt.Sprintf("steal %d from p%d, run g%d", e.B, e.A, e.C)
	case KOverflow:
		return fmt.Sprintf("runqputslow: p%d.runq is full, move %s → global runq", e.P, count(e.A, "G"))
	}
	return fmt.Sprintf("globrunqget: take %s from the global runq", count(e.A, "G"))
}

func (n *narrator) describeMP(e *Event) string {
	switch e.Kind {
	case KMStart:
		s := fmt.Sprintf("startm: wake m%d", e.A)
		if e.Sub == 1 {
			s = fmt.Sprintf("startm: new m%d", e.A)
		}
		if p := int64(e.B); p >= 0 {
			s += fmt.Sprintf(" for p%d", p)
		}
		return s
	case KMStop:
		return fmt.Sprintf("stopm: m%d has no work and sleeps", e.M)
	case KMSpin:
		if e.Sub == 1 {
			return fmt.Sprintf("m%d spins, looking for work", e.M)
		}
		return fmt.Sprintf("m%d stops spinning", e.M)
	case KPAcquire:
		return fmt.Sprintf("acquirep p%d", e.P)
	case KPIdle:
		return fmt.Sprintf("pidleput p%d", e.P)
	case KHandoff:
		return fmt.Sprintf("handoffp p%d, m%d goes on without it", e.A, e.B)
	}
	return fmt.Sprintf("retake p%d from m%d: in user mode for %v", e.A, e.B, time.Duration(e.C))
}

func (n *narrator) describeRest(e *Event) string {
	switch e.Kind {
	case KNetpoll:
		how := "without waiting"
		if e.Sub == 1 {
			how = fmt.Sprintf("after %v", time.Duration(e.B))
		}
		return fmt.Sprintf("netpoll: %s ready, %s", count(e.A, "G"), how)
	case KTimer:
		return fmt.Sprintf("timer due at +%v fires %v late", time.Duration(e.A), time.Duration(e.B))
	case KFork:
		return "fork a child"
	case KForkSteal:
		return fmt.Sprintf("run a child that g%d forked on p%d", e.A, e.B)
	case KFdOpen:
		return fmt.Sprintf("open fd %d", e.A)
	case KFdClose:
		return fmt.Sprintf("close fd %d", e.A)
	case KPanic:
		return fmt.Sprintf("panic in g%d, not recovered", e.G)
	case KDeadlock:
		return fmt.Sprintf("deadlock: %s parked for ever", count(e.A, "coroutine"))
	case KState:
		return fmt.Sprintf("how things stand, in %s", count(e.A, "event"))
	}
	return fmt.Sprintf("%s lost here: the ring was full", count(e.A, "event"))
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
	case WaitMutexLock:
		return "mutex"
	case WaitRWMutexRLock, WaitRWMutexLock:
		return "rwmutex"
	case WaitWaitGroup:
		return "waitgroup"
	case WaitCond:
		return "cond"
	case WaitOnce:
		return "once"
	case WaitSemaphore:
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
func to(e *Event) string {
	switch q := Queue(e.Sub); {
	case q == QNone:
		return ""
	case e.P >= 0 && (q == QRunnext || q == QLocal):
		return fmt.Sprintf(" → p%d.%v", e.P, q)
	default:
		return " → " + q.String()
	}
}

// from returns the queue that e took a G from, as "from p0.runq".
func from(e *Event) string {
	switch q := Queue(e.Sub); q {
	case QNone:
		return ""
	case QRunnext, QLocal:
		return fmt.Sprintf("from p%d.%v", e.P, q)
	case QGlobal:
		return "from the global runq"
	case QNetpoll:
		return "from netpoll"
	case QStack:
		return "on the same stack"
	case QTimer:
		return "from a timer"
	default:
		return q.String()
	}
}

func fresh(a uint64) string {
	if a == 1 {
		return "fresh"
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
