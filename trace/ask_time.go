package trace

import (
	"cmp"
	"slices"
	"time"
)

// longest keeps the greatest of what it is given.
type longest[T any] struct {
	items []T
	size  func(T) int64
}

// kept is how many moments an answer names.
const kept = 20

func (l *longest[T]) add(x T) {
	if len(l.items) == kept && l.size(x) <= l.size(l.items[kept-1]) {
		return
	}
	i, _ := slices.BinarySearchFunc(l.items, x, func(a, b T) int { return cmp.Compare(l.size(b), l.size(a)) })
	l.items = slices.Insert(l.items, i, x)
	l.items = l.items[:min(len(l.items), kept)]
}

// leaves reports whether e ends a run of its G: the words for how.
func leaves(e *Event) (Words, bool) {
	switch e.Kind {
	case KGoPark:
		return Words{"parks", "挂起"}, true
	case KGoYield:
		return Words{"yields", "让出"}, true
	case KGoExit:
		return Words{"ends", "结束"}, true
	case KGoBlock:
		return Words{"native call", "阻塞调用"}, true
	}
	return Words{}, false
}

// run is a time that a coroutine ran without a break.
type run struct {
	g       uint64
	entry   string
	p       int16
	from    int64
	ns      int64
	waiting int // in its P's queue and the global one when it ended
	how     Words
	site    Site
	i       int64
}

// delays answers who ran longest, and who waited meanwhile.
type delays struct {
	a       *Asker
	runs    longest[run]
	byEntry map[string]*ran
	retakes uint64
}

type ran struct {
	entry       string
	slices      uint64
	total, most int64
}

func newDelays(a *Asker) observer {
	return &delays{a: a, runs: longest[run]{size: func(r run) int64 { return r.ns }}, byEntry: make(map[string]*ran)}
}

func (d *delays) before(e *Event) {
	if e.Kind == KRetake {
		d.retakes++
	}
	how, ok := leaves(e)
	if ok {
		d.end(d.a.m.Gs[e.G], e.Time, how)
	}
}

func (d *delays) after(*Event) {}

func (d *delays) end(g *MachineG, now int64, how Words) {
	if g == nil || g.Status != GRunning {
		return
	}
	waiting := d.a.m.Global.Len()
	if p := d.a.m.at(g.P); p != nil {
		waiting += p.Runq.Len() + b2i(p.Runnext != 0)
	}
	entry := d.a.entry(g)
	r := d.byEntry[entry]
	if r == nil {
		r = &ran{entry: entry}
		d.byEntry[entry] = r
	}
	ns := now - g.Since
	r.slices, r.total, r.most = r.slices+1, r.total+ns, max(r.most, ns)
	d.runs.add(run{g.ID, entry, g.P, g.Since, ns, waiting, how, d.a.site(g.Site), d.a.i})
}

func (d *delays) answer(out *Answer) {
	for _, g := range d.a.m.Sorted() {
		d.end(g, d.a.m.Now, Words{"still runs", "仍在运行"})
	}
	t := table(say("The longest runs", "最长的连续运行"), "g|coroutine|协程", "text|function|函数", "p|on|所在 P",
		"time|from|开始", "dur|for|时长", "count|others wait|排队的别人",
		"words|ends with|结束方式", "site|created|创建处")
	for _, r := range d.runs.items {
		t.add(r.g, r.entry, nilIfNegative(r.p), r.from, r.ns, r.waiting, r.how, r.site)
		out.Marks = append(out.Marks, Mark{r.from, -1, r.g, r.p, say("g%d runs for %v", "g%d 连续运行 %v", r.g, short(r.ns))})
	}
	rs := make([]*ran, 0, len(d.byEntry))
	for _, r := range d.byEntry {
		rs = append(rs, r)
	}
	slices.SortFunc(rs, func(x, y *ran) int { return cmp.Or(cmp.Compare(y.most, x.most), cmp.Compare(x.entry, y.entry)) })
	f := table(say("By function", "按函数"), "text|function|函数", "count|runs|次数", "dur|in all|总计",
		"dur|mean|平均", "dur|longest|最长")
	for _, r := range rs {
		f.add(r.entry, r.slices, r.total, r.total/int64(r.slices), r.most)
	}
	out.Tables = append(out.Tables, t, f)
	if len(d.runs.items) == 0 {
		out.Says = append(out.Says, say("Nobody ran.", "没有协程运行过。"))
		return
	}
	r := d.runs.items[0]
	out.Says = append(out.Says, say("%s ran longest without giving its P up: %v, while %d others waited.",
		"%s 占住 P 最久：%v，期间 %d 个协程在排队。", d.a.name(r.g), short(r.ns), r.waiting))
	if d.retakes > 0 {
		out.Says = append(out.Says, say("sysmon took a P away %d times, because its coroutine had not given it up.",
			"sysmon 夺回 P %d 次，因为上面的协程一直不放。", d.retakes))
	}
}

// wait is a time from runnable to running.
type wait struct {
	g      uint64
	entry  string
	p      int16
	from   int64
	ns     int64
	queue  Queue
	behind uint64 // who ran on that P before
	i      int64
}

// latency answers how long runnable coroutines waited for a P, and where.
type latency struct {
	a      *Asker
	all    Histogram
	queues [QueueCount]Histogram
	worst  longest[wait]
	last   map[int16]uint64 // who ran last on a P
}

func newLatency(a *Asker) observer {
	return &latency{a: a, worst: longest[wait]{size: func(w wait) int64 { return w.ns }}, last: make(map[int16]uint64)}
}

func (l *latency) before(e *Event) {
	if e.Kind != KGoStart {
		return
	}
	if g := l.a.m.Gs[e.G]; g != nil && g.Status == GRunnable {
		d := e.Time - g.Since
		l.all.Add(time.Duration(d))
		if g.Queue < QueueCount {
			l.queues[g.Queue].Add(time.Duration(d))
		}
		l.worst.add(wait{g.ID, l.a.entry(g), e.P, g.Since, d, g.Queue, l.last[e.P], l.a.i})
	}
	l.last[e.P] = e.G
}

func (l *latency) after(*Event) {}

func (l *latency) answer(out *Answer) {
	if l.all.Count == 0 {
		out.Says = append(out.Says, say("Nobody waited for a P.", "没有协程等待过 P。"))
		return
	}
	mean := int64(l.all.Sum) / int64(l.all.Count)
	out.Says = append(out.Says, say("From runnable to running: mean %v, half ≤ %v, 99%% ≤ %v, longest %v.",
		"从可运行到运行：平均 %v，一半 ≤ %v，99%% ≤ %v，最长 %v。",
		short(mean), short(int64(l.all.Quantile(0.5))), short(int64(l.all.Quantile(0.99))), short(int64(l.all.Max))))
	q := table(say("By queue", "按队列"), "words|put on|放入", "count|times|次数", "dur|mean|平均",
		"dur|99%|99%", "dur|longest|最长", "bar|part of all waiting|占全部等待")
	for i := range l.queues {
		if h := &l.queues[i]; h.Count > 0 {
			q.add(Queue(i).words(), h.Count, int64(h.Sum)/int64(h.Count), int64(h.Quantile(0.99)), int64(h.Max),
				float64(h.Sum)/max(1, float64(l.all.Sum)))
		}
	}
	w := table(say("The longest waits", "最长的等待"), "g|coroutine|协程", "text|function|函数", "time|runnable from|可运行自",
		"dur|waited|等了", "words|in|队列", "p|ran on|运行于", "g|behind|排在其后")
	for _, x := range l.worst.items {
		w.add(x.g, x.entry, x.from, x.ns, x.queue.words(), nilIfNegative(x.p), nilIfZero(x.behind))
		out.Marks = append(out.Marks, Mark{x.from, -1, x.g, x.p, say("g%d waits %v for a P", "g%d 等 P 等了 %v", x.g, short(x.ns))})
	}
	out.Tables = append(out.Tables, q, w)
	out.Histogram = &Log2{say("scheduling latency", "调度延迟"), l.all.Buckets}
}

func (q Queue) words() Words {
	zh := [...]string{QNone: "无", QRunnext: "runnext", QLocal: "本地队列", QGlobal: "全局队列", QSteal: "窃取", QNetpoll: "轮询器",
		QStack: "沿用的栈", QTimer: "定时器"}
	en := q.String()
	if q == QNone {
		en = "none"
	}
	if int(q) < len(zh) {
		return Words{en, zh[q]}
	}
	return Words{en, en}
}

// starved answers how the Ps spent their time.
type starved struct {
	a        *Asker
	ps       []starvedP
	began    int64
	seen     bool
	runnable int
	waited   int64 // time in which anybody was runnable, up to
	at       int64
}

// starvedP is where a P's time went. phase is since since, when waited was then.
type starvedP struct {
	known        bool
	phase        phase
	since, then  int64
	ns           [3]int64
	hungry       int64 // idle while somebody was runnable
	runs, steals uint64
	robbed       uint64
}

type phase uint8

const (
	phaseSched phase = iota // an M has it, and looks for work
	phaseBusy
	phaseIdle
)

func newStarved(a *Asker) observer { return &starved{a: a} }

// changed returns the coroutine that e is about.
func (e *Event) changed() uint64 {
	switch e.Kind {
	case KGoCreate, KGoReady:
		return e.A
	case KGoStart, KGoPark, KGoYield, KGoExit, KGoBlock, KGoUnblock:
		return e.G
	}
	return 0
}

func (s *starved) before(e *Event) {
	if !s.seen {
		s.seen, s.began, s.at = true, e.Time, e.Time
		for _, g := range s.a.m.Gs {
			s.runnable += b2i(g.Status == GRunnable)
		}
	}
	if s.runnable > 0 {
		s.waited += max(0, e.Time-s.at)
	}
	s.at = max(s.at, e.Time)
	if id := e.changed(); id != 0 {
		if g := s.a.m.Gs[id]; g != nil && g.Status == GRunnable {
			s.runnable--
		}
	}
}

func (s *starved) after(e *Event) {
	if id := e.changed(); id != 0 {
		if g := s.a.m.Gs[id]; g != nil && g.Status == GRunnable {
			s.runnable++
		}
	}
	s.look(int(e.P))
	switch e.Kind {
	case KHandoff, KRetake:
		s.look(int(min(e.A, 1<<15)))
	case KSteal:
		if p := s.p(int(e.P)); p != nil {
			p.steals++
		}
		if p := s.p(int(min(e.A, 1<<15))); p != nil {
			p.robbed++
		}
	case KGoStart:
		if p := s.p(int(e.P)); p != nil {
			p.runs++
		}
	}
}

func (s *starved) p(id int) *starvedP {
	if id < 0 || id >= len(s.a.m.Ps) {
		return nil
	}
	for len(s.ps) <= id {
		s.ps = append(s.ps, starvedP{since: s.at, then: s.waited})
	}
	return &s.ps[id]
}

// look notes what P id does now.
func (s *starved) look(id int) {
	p := s.p(id)
	if p == nil {
		return
	}
	mp := s.a.m.Ps[id]
	now := phaseSched
	switch {
	case mp.G != 0:
		now = phaseBusy
	case mp.Idle || mp.M < 0:
		now = phaseIdle
	}
	if !p.known || now != p.phase {
		s.close(p)
		p.known, p.phase = true, now
	}
}

// close counts the phase that ends.
func (s *starved) close(p *starvedP) {
	if p.known {
		p.ns[p.phase] += s.at - p.since
		if p.phase == phaseIdle {
			p.hungry += s.waited - p.then
		}
	}
	p.since, p.then = s.at, s.waited
}

func (s *starved) answer(out *Answer) {
	t := table(say("Ps", "各个 P"), "p|P|P", "bar|busy|忙", "dur|runs coroutines|运行协程",
		"dur|in the scheduler|在调度器里", "dur|idle|空闲", "dur|idle while others waited|空闲而别人在排队",
		"count|executed|执行次数", "count|stole|窃取", "count|was stolen from|被窃")
	worst := -1
	for i := range s.ps {
		p := &s.ps[i]
		if !p.known {
			continue
		}
		s.close(p)
		all := p.ns[phaseSched] + p.ns[phaseBusy] + p.ns[phaseIdle]
		t.add(i, float64(p.ns[phaseBusy])/max(1, float64(all)), p.ns[phaseBusy], p.ns[phaseSched], p.ns[phaseIdle], p.hungry,
			p.runs, p.steals, p.robbed)
		if worst < 0 || p.hungry > s.ps[worst].hungry {
			worst = i
		}
	}
	out.Tables = append(out.Tables, t)
	switch total := s.at - s.began; {
	case worst < 0 || s.ps[worst].hungry == 0:
		out.Says = append(out.Says, say("No P was idle while somebody was runnable.", "没有 P 在别人排队时闲着。"))
	default:
		out.Says = append(out.Says, say("p%d starved most: it was idle for %v, of %v, while somebody was runnable elsewhere.",
			"p%d 最饿：别处有协程排队，它却空闲了 %v（共 %v）。", worst, short(s.ps[worst].hungry), short(total)))
	}
}
