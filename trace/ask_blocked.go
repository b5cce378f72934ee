package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// blocked answers who is parked, on what, and who holds that: when the deadlock
// was found or main returned, since those left are unwound then; else at the end.
type blocked struct {
	a    *Asker
	done *Answer // made at that moment; nil: it has not come
}

func newBlocked(a *Asker) observer { return &blocked{a: a} }

func (b *blocked) before(e *Event) {
	if b.done != nil {
		return
	}
	switch {
	case e.Kind == KDeadlock:
		b.done = &Answer{}
		b.done.Says = append(b.done.Says, say("Deadlock at +%v, %d parked for ever.", "死锁，时刻 +%v：%d 个协程永远挂起。",
			short(e.Time), e.A))
		b.done.Marks = append(b.done.Marks, Mark{e.Time, b.a.i, 0, -1, Words{"deadlock", "死锁"}})
		b.look(b.done)
	case e.Kind == KBoot && Step(e.Sub) == StepMainReturned:
		b.done = &Answer{}
		b.done.Says = append(b.done.Says, say("When main returned, at +%v:", "main 返回时（+%v）：", short(e.Time)))
		b.look(b.done)
	}
}

func (b *blocked) after(*Event) {}

func (b *blocked) answer(out *Answer) {
	if b.done == nil {
		b.look(out)
		return
	}
	out.Says, out.Tables, out.Graph = b.done.Says, b.done.Tables, b.done.Graph
	out.Marks = append(out.Marks, b.done.Marks...)
}

// outside reports whether what a coroutine waits for comes from outside: time,
// or the network.
func (r Reason) outside() bool {
	o := r.Object()
	return o == "fd" || o == "duration"
}

// look answers how it is at the moment.
func (b *blocked) look(out *Answer) {
	var inside, outside []*MachineG
	for _, g := range b.a.m.Sorted() {
		switch {
		case g.Status != GWaiting:
		case g.Why.outside():
			outside = append(outside, g)
		default:
			inside = append(inside, g)
		}
	}
	out.Graph = b.a.graph(inside)
	for _, c := range out.Graph.Cycles {
		cycle := b.a.tellCycle(c)
		out.Says = append(out.Says, say("A cycle: %s.", "锁环：%s。", cycle))
	}
	if len(inside)+len(outside) == 0 {
		out.Says = append(out.Says, Words{"Nobody is blocked.", "没有协程被阻塞。"})
	} else {
		out.Says = append(out.Says, say("%d wait for other coroutines, %d for time or the network.",
			"%d 个在等其他协程，%d 个在等时间或网络。", len(inside), len(outside)))
	}
	out.Tables = append(out.Tables, b.a.waiters(Words{"Wait for other coroutines", "等待其他协程"}, inside),
		b.a.waiters(Words{"Wait for time or the network", "等待时间或网络"}, outside))
}

// waiters lists coroutines that wait, those that have longest first.
func (a *Asker) waiters(title Words, gs []*MachineG) Table {
	t := table(title, "g|coroutine|协程", "text|function|函数", "words|waits for|等待",
		"object|object|对象", "g|held by|持有者", "dur|since|已等", "site|stands at|停在", "site|created|创建处")
	gs = slices.Clone(gs)
	slices.SortStableFunc(gs, func(x, y *MachineG) int { return cmp.Compare(x.Since, y.Since) })
	for _, g := range gs {
		t.add(g.ID, a.entry(g), g.Why.words(), a.object(g.Why, g.Obj), nilIfZero(a.holder(g)), a.m.Now-g.Since,
			a.site(g.PC), a.site(g.Site))
	}
	return t
}

// holder returns who holds what g waits for, 0 if that is not known.
func (a *Asker) holder(g *MachineG) uint64 {
	if g.Why.outside() || g.Obj == 0 {
		return 0
	}
	return a.holds[g.Obj]
}

const maxNodes = 60 // of a graph

// graph draws who of gs waits for what, and who holds that: those in a chain of
// holders first, as far as there is room.
func (a *Asker) graph(gs []*MachineG) *Graph {
	gr := &Graph{Nodes: []Node{}, Edges: []Edge{}, Cycles: [][]string{}}
	seen := make(map[string]bool)
	node := func(id, label, kind string) {
		if !seen[id] {
			seen[id] = true
			gr.Nodes = append(gr.Nodes, Node{id, label, kind})
		}
	}
	gs = slices.Clone(gs)
	slices.SortStableFunc(gs, func(x, y *MachineG) int { return cmp.Compare(b2i(a.holder(x) == 0), b2i(a.holder(y) == 0)) })
	for _, g := range gs {
		o, ok := a.object(g.Why, g.Obj).(Object)
		if !ok || len(gr.Nodes) > maxNodes {
			continue
		}
		id := fmt.Sprintf("g%d", g.ID)
		node(id, a.name(g.ID), "g")
		fresh := !seen[o.ID]
		node(o.ID, o.Name, "object")
		gr.Edges = append(gr.Edges, Edge{id, o.ID, g.Why.words(), "waits"})
		if h := a.holder(g); h != 0 && fresh {
			holder := fmt.Sprintf("g%d", h)
			node(holder, a.name(h), "g")
			gr.Edges = append(gr.Edges, Edge{o.ID, holder, Words{"held by", "持有者"}, "holds"})
		}
	}
	gr.Cycles = a.cycles(gs)
	return gr
}

// cycles returns the cycles of holders among gs, each once.
func (a *Asker) cycles(gs []*MachineG) [][]string {
	cycles := [][]string{}
	done := make(map[uint64]bool)
	for _, g := range gs {
		var path []uint64
		at := make(map[uint64]int)
		for x := g; x != nil && x.Status == GWaiting && !done[x.ID]; x = a.m.Gs[a.holder(x)] {
			if i, ok := at[x.ID]; ok {
				var c []string
				for _, id := range path[i:] {
					c = append(c, fmt.Sprintf("g%d", id), fmt.Sprintf("%#x", a.m.Gs[id].Obj))
				}
				cycles = append(cycles, c)
				break
			}
			at[x.ID] = len(path)
			path = append(path, x.ID)
		}
		for _, id := range path {
			done[id] = true
		}
	}
	return cycles
}

// tellCycle puts a cycle into words, as "g7 main.a → mutex#1 → g8 main.b → mutex#2 → g7 main.a".
func (a *Asker) tellCycle(c []string) string {
	var b strings.Builder
	for i := 0; i <= len(c); i++ {
		if i > 0 {
			b.WriteString(" → ")
		}
		var n uint64
		switch id := c[i%len(c)]; {
		case id[0] == 'g':
			fmt.Sscanf(id, "g%d", &n)
			b.WriteString(a.name(n))
		default:
			fmt.Sscanf(id, "%v", &n)
			b.WriteString(a.n.object(n, "object"))
		}
	}
	return b.String()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// contention counts the waits for each object.
type contention struct {
	a    *Asker
	objs map[uint64]*contended
}

type contended struct {
	why         Reason
	obj         uint64
	waits       uint64
	total, most int64
}

func newLocks(a *Asker) observer { return &contention{a, make(map[uint64]*contended)} }

func (c *contention) before(e *Event) {
	if e.Kind != KGoReady {
		return
	}
	if g := c.a.m.Gs[e.A]; g != nil && g.Status == GWaiting && !g.Why.outside() && g.Obj != 0 {
		c.add(g, e.Time)
	}
}

func (c *contention) after(*Event) {}

func (c *contention) add(g *MachineG, now int64) {
	o := c.objs[g.Obj]
	if o == nil {
		o = &contended{obj: g.Obj}
		c.objs[g.Obj] = o
	}
	d := now - g.Since
	o.why, o.waits, o.total, o.most = g.Why, o.waits+1, o.total+d, max(o.most, d)
}

func (c *contention) answer(out *Answer) {
	waiting := make(map[uint64]int)
	for _, g := range c.a.m.Sorted() {
		if g.Status == GWaiting && !g.Why.outside() && g.Obj != 0 {
			waiting[g.Obj]++
			c.add(g, c.a.m.Now)
		}
	}
	objs := make([]*contended, 0, len(c.objs))
	for _, o := range c.objs {
		objs = append(objs, o)
	}
	slices.SortFunc(objs, func(x, y *contended) int {
		return cmp.Or(cmp.Compare(y.total, x.total), cmp.Compare(x.obj, y.obj))
	})
	t := table(say("Objects", "对象"), "object|object|对象", "words|waited for|等待方式",
		"count|waits|次数", "dur|in all|总计", "dur|mean|平均", "dur|longest|最长",
		"count|wait now|现在等待", "g|held by|持有者")
	for _, o := range objs {
		t.add(c.a.object(o.why, o.obj), o.why.words(), o.waits, o.total, o.total/int64(o.waits), o.most,
			waiting[o.obj], nilIfZero(c.a.holds[o.obj]))
	}
	out.Tables = append(out.Tables, t)
	if len(objs) == 0 {
		out.Says = append(out.Says, say("Nobody waited for an object.", "没有人等待过对象。"))
		return
	}
	o, _ := c.a.object(objs[0].why, objs[0].obj).(Object)
	out.Says = append(out.Says, say("Most was waited for %s: %d times, %v in all.", "等得最多的是 %s：%d 次，共 %v。",
		o.Name, objs[0].waits, short(objs[0].total)))
}

// objectHistory lists every wait for one object.
type objectHistory struct {
	a     *Asker
	t     Table
	waits int
}

func newObjectHistory(a *Asker) observer {
	return &objectHistory{a: a, t: table(say("Waits that have ended", "已结束的等待"), "time|from|开始", "g|coroutine|协程",
		"words|waits for|等待", "dur|for|时长", "g|readied by|唤醒者", "text|or by|或由")}
}

// about reports whether g waits for the object: its address, or, of a
// descriptor, its number.
func (o *objectHistory) about(g *MachineG) bool {
	return g != nil && g.Status == GWaiting && g.Obj == o.a.q.Object && g.Why.Object() != "duration"
}

func (o *objectHistory) before(e *Event) {
	if g := o.a.m.Gs[e.A]; e.Kind == KGoReady && o.about(g) {
		o.waits++
		by := ""
		if e.G == 0 {
			by = Cause(e.C).String()
		}
		o.t.add(g.Since, g.ID, g.Why.words(), e.Time-g.Since, nilIfZero(e.G), by)
	}
}

func (o *objectHistory) after(*Event) {}

func (o *objectHistory) answer(out *Answer) {
	var waiting []*MachineG
	for _, g := range o.a.m.Sorted() {
		if o.about(g) {
			waiting = append(waiting, g)
		}
	}
	name := fmt.Sprintf("%#x", o.a.q.Object)
	if n := o.a.n.objects[o.a.q.Object]; n != "" {
		name = n
	}
	if len(waiting) > 0 && waiting[0].Why.Object() == "fd" {
		name = fmt.Sprintf("fd %d", o.a.q.Object)
	}
	if o.waits == 0 && len(waiting) == 0 {
		out.Says = append(out.Says, say("Nobody has waited for %s in this recording.", "这段记录里没有人等待过 %s。", name))
		return
	}
	out.Says = append(out.Says, say("%s: %d waits have ended, %d wait now.", "%s：%d 次等待已结束，%d 个还在等。", name, o.waits, len(waiting)))
	if h := o.a.holds[o.a.q.Object]; h != 0 && len(waiting) > 0 {
		out.Says = append(out.Says, say("It was last known to be held by %s.", "最后已知的持有者是 %s。", o.a.name(h)))
	}
	out.Graph = o.a.graph(waiting)
	out.Tables = append(out.Tables, o.a.waiters(say("Wait now", "正在等待"), waiting), o.t)
}
