package trace

import (
	"cmp"
	"slices"
	"time"
)

// wakeups counts who makes whom runnable, and who takes work from whom.
type wakeups struct {
	a        *Asker
	causes   [CauseCount]uint64
	pairs    map[[2]string]uint64 // functions: who readied whom
	steals   map[[2]int64]*stolen // thief and victim
	mstarts  uint64
	mstops   uint64
	netpolls uint64
	polled   uint64
	timers   uint64
	gotten   uint64
	overflow uint64
}

type stolen struct{ times, gs uint64 }

func newWakeups(a *Asker) observer {
	return &wakeups{a: a, pairs: make(map[[2]string]uint64), steals: make(map[[2]int64]*stolen)}
}

func (w *wakeups) before(e *Event) {
	switch e.Kind {
	case KGoReady:
		if e.C < uint64(CauseCount) {
			w.causes[e.C]++
		}
		if e.G != 0 && len(w.pairs) < maxObjects {
			w.pairs[[2]string{w.entry(e.G), w.entry(e.A)}]++
		}
	case KSteal:
		k := [2]int64{int64(e.P), int64(e.A)}
		if w.steals[k] == nil {
			w.steals[k] = new(stolen)
		}
		w.steals[k].times++
		w.steals[k].gs += e.B
	case KMStart:
		w.mstarts++
	case KMStop:
		w.mstops++
	case KNetpoll:
		w.netpolls++
		w.polled += e.A
	case KTimer:
		w.timers++
	case KGlobGet:
		w.gotten += e.A
	case KOverflow:
		w.overflow += e.A
	}
}

func (w *wakeups) after(*Event) {}

func (w *wakeups) entry(id uint64) string {
	if g := w.a.m.Gs[id]; g != nil {
		return w.a.entry(g)
	}
	return ""
}

func (w *wakeups) answer(out *Answer) {
	var readied, steals uint64
	c := table(say("Coroutines made runnable, by", "使协程可运行者"), "words|who|谁", "count|times|次数")
	for i, n := range w.causes {
		if readied += n; n > 0 {
			c.add(Cause(i).words(), n)
		}
	}
	s := table(say("Steals", "窃取"), "p|thief|窃取者", "p|from|被窃者", "count|times|次数",
		"count|coroutines|协程数")
	byPs := func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }
	for _, k := range sortedBy(w.steals, func(v *stolen) uint64 { return v.gs }, byPs) {
		steals += w.steals[k].times
		s.add(k[0], k[1], w.steals[k].times, w.steals[k].gs)
	}
	p := table(say("Who wakes whom", "谁唤醒谁"), "text|function|函数", "text|wakes|唤醒", "count|times|次数")
	byNames := func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }
	for _, k := range sortedBy(w.pairs, func(n uint64) uint64 { return n }, byNames) {
		p.add(k[0], k[1], w.pairs[k])
	}
	out.Says = append(out.Says,
		say("%d times a coroutine was made runnable, %d times an M was started or woken, and %d went to sleep.",
			"协程被唤醒 %d 次，M 被启动或唤醒 %d 次，休眠 %d 次。", readied, w.mstarts, w.mstops),
		say("%d steals. %d coroutines overflowed to the global queue, %d were taken from it.",
			"窃取 %d 次。%d 个协程溢出到全局队列，从中取走 %d 个。", steals, w.overflow, w.gotten),
		say("The network was asked %d times with a result of %d coroutines; %d timers fired.",
			"查询网络有结果 %d 次，得到 %d 个协程；定时器到期 %d 次。", w.netpolls, w.polled, w.timers))
	out.Tables = append(out.Tables, c, s, p)
}

func (c Cause) words() Words {
	zh := [...]string{"协程", "定时器", "网络", "普通 goroutine", "sysmon", "挂起之前", "运行时收尾"}
	if int(c) < len(zh) {
		return Words{c.String(), zh[c]}
	}
	return Words{c.String(), c.String()}
}

// sortedBy returns the keys of m, those of the greatest values first.
func sortedBy[K comparable, V any](m map[K]V, size func(V) uint64, less func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return cmp.Or(cmp.Compare(size(m[b]), size(m[a])), less(a, b)) })
	return keys
}

// times are where a coroutine's time went.
type times struct{ runnable, running, waiting, native int64 }

func (t *times) add(s GStatus, ns int64) {
	switch s {
	case GRunnable:
		t.runnable += ns
	case GRunning:
		t.running += ns
	case GWaiting:
		t.waiting += ns
	case GNative:
		t.native += ns
	}
}

// sites adds up the lives of coroutines by where they were created.
type sites struct {
	a   *Asker
	all map[[2]uint64]*siteSum // by pc of the go statement and of the function
}

type siteSum struct {
	made, live uint64
	t          times
}

func newSites(a *Asker) observer { return &sites{a, make(map[[2]uint64]*siteSum)} }

func (s *sites) sum(g *MachineG) *siteSum {
	k := [2]uint64{g.Site, g.Entry}
	if s.all[k] == nil {
		s.all[k] = new(siteSum)
	}
	return s.all[k]
}

func (s *sites) before(e *Event) {
	if g := s.a.m.Gs[e.changed()]; g != nil && e.Kind != KGoCreate {
		s.sum(g).t.add(g.Status, e.Time-g.Since)
	}
}

func (s *sites) after(e *Event) {
	if e.Kind == KGoCreate {
		s.sum(s.a.m.Gs[e.A]).made++
	}
}

func (s *sites) answer(out *Answer) {
	for _, g := range s.a.m.Gs {
		sum := s.sum(g)
		sum.live++
		sum.t.add(g.Status, s.a.m.Now-g.Since)
	}
	t := table(say("Creation sites", "创建处"), "site|created|创建处", "text|function|函数", "count|created|创建数",
		"count|live|现存", "dur|running|运行", "dur|runnable|可运行", "dur|parked|挂起",
		"dur|in native calls|阻塞调用")
	keys := sortedBy(s.all, func(v *siteSum) uint64 { return v.made }, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	made, live := uint64(0), uint64(0)
	for _, k := range keys {
		v := s.all[k]
		made, live = made+v.made, live+v.live
		t.add(s.a.site(k[0]), s.a.n.symbols.get(k[1]).Name(), v.made, v.live, v.t.running, v.t.runnable, v.t.waiting, v.t.native)
	}
	out.Tables = append(out.Tables, t)
	out.Says = append(out.Says, say("%d coroutines were created at %d places; %d are left at the end.",
		"共在 %[2]d 处创建了 %[1]d 个协程，结束时还剩 %[3]d 个。", made, len(keys), live))
}

// life tells what one coroutine did.
type life struct {
	a        *Asker
	g        MachineG
	known    bool
	ended    int64 // -1: it has not
	t        times
	runs     uint64
	children uint64
	steps    Table
	why      map[Reason]*Wait
}

func newLife(a *Asker) observer {
	return &life{a: a, ended: -1, why: make(map[Reason]*Wait), steps: table(say("Step by step", "逐步"), "time|at|时刻",
		"words|is|状态", "dur|for|时长", "p|on|P", "object|object|对象",
		"g|by|由", "text|queue or reason|队列或原因")}
}

func (l *life) before(e *Event) {
	if e.Kind == KGoCreate && e.G == l.a.q.G {
		l.children++
	}
	if g := l.a.m.Gs[l.a.q.G]; g != nil && e.changed() == l.a.q.G {
		l.end(g, e.Time)
	}
}

// end notes the state that g leaves.
func (l *life) end(g *MachineG, now int64) {
	d := now - g.Since
	l.t.add(g.Status, d)
	l.g, l.known = *g, true
	switch g.Status {
	case GWaiting:
		w := l.why[g.Why]
		if w == nil {
			w = new(Wait)
			l.why[g.Why] = w
		}
		w.Count++
		w.Time += time.Duration(d)
		l.steps.add(g.Since, statusWords(g.Status), d, nil, l.a.object(g.Why, g.Obj), nilIfZero(l.a.holder(g)), g.Why.String())
	case GRunnable:
		l.steps.add(g.Since, statusWords(g.Status), d, nilIfNegative(g.P), nil, nil, g.Queue.String())
	case GRunning:
		l.runs++
		l.steps.add(g.Since, statusWords(g.Status), d, nilIfNegative(g.P), nil, nil, "")
	case GNative:
		l.steps.add(g.Since, statusWords(g.Status), d, nil, nil, nil, "")
	}
}

func (l *life) after(e *Event) {
	if e.Kind == KGoExit && e.G == l.a.q.G {
		l.ended = e.Time
	}
}

func (l *life) answer(out *Answer) {
	if g := l.a.m.Gs[l.a.q.G]; g != nil {
		l.end(g, l.a.m.Now)
	}
	if !l.known {
		out.Says = append(out.Says, say("g%d is not in this recording.", "这段记录里没有 g%d。", l.a.q.G))
		return
	}
	g := &l.g
	name, site := l.a.n.symbols.get(g.Entry).Name(), l.a.n.symbols.get(g.Site).Pos()
	switch {
	case g.Created < 0:
		out.Says = append(out.Says, say("g%d was there before the recording began.", "g%d 在记录开始之前就已存在。", g.ID))
	case g.Parent != 0:
		out.Says = append(out.Says, say("g%d runs %s. g%d created it at +%v (%s).", "g%d 运行 %s，由 g%d 于 +%v 创建（%s）。",
			g.ID, name, g.Parent, short(g.Created), site))
	default:
		out.Says = append(out.Says, say("g%d runs %s. It was created at +%v from outside the runtime.",
			"g%d 运行 %s，于 +%v 由运行时之外创建。",
			g.ID, name, short(g.Created)))
	}
	out.Says = append(out.Says, say("It ran %d times, %v in all; was runnable for %v, parked for %v, in native calls for %v. "+
		"It created %d others.",
		"共运行 %d 次，计 %v；可运行 %v，挂起 %v，阻塞调用 %v。它创建了 %d 个协程。",
		l.runs, short(l.t.running), short(l.t.runnable), short(l.t.waiting), short(l.t.native), l.children))
	if l.ended >= 0 {
		out.Says = append(out.Says, say("It ended at +%v.", "它于 +%v 结束。", short(l.ended)))
	} else {
		out.Says = append(out.Says, say("At the end it is %s.", "结束时它的状态：%s。", g.Status))
	}
	w := table(say("Parked for", "挂起原因"), "words|reason|原因", "count|times|次数", "dur|in all|总计")
	for _, r := range sortedBy(l.why, func(w *Wait) uint64 { return uint64(w.Time) }, cmp.Compare[Reason]) {
		w.add(r.words(), l.why[r].Count, int64(l.why[r].Time))
	}
	out.Tables = append(out.Tables, w, l.steps)
}

func statusWords(s GStatus) Words {
	zh := [...]string{"未知", "可运行", "运行", "等待", "阻塞调用", "已结束"}
	return Words{s.String(), zh[s]}
}
