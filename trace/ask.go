package trace

import (
	"fmt"
	"strings"
	"time"
)

// Question is something that people ask of a run.
type Question struct {
	ID    string `json:"id"`
	Title Words  `json:"title"`
	Needs string `json:"needs"` // what the Query must name: "g", "object", or nothing
	Help  Words  `json:"help"`

	make func(a *Asker) observer
}

// Query asks a question.
type Query struct {
	ID     string
	G      uint64 // for questions that need a coroutine
	Object uint64 // for those that need an object: its address, or a descriptor's number
}

// Answer is what a recording says to a Query.
type Answer struct {
	Q         string  `json:"q"`
	Title     Words   `json:"title"`
	Says      []Words `json:"says"` // the answer in sentences
	Tables    []Table `json:"tables"`
	Graph     *Graph  `json:"graph,omitempty"`
	Histogram *Log2   `json:"histogram,omitempty"`
	Marks     []Mark  `json:"marks"`
}

// Table is a part of an answer. What is in its cells says Column.Type.
type Table struct {
	Title   Words    `json:"title"`
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"`
	More    int      `json:"more"` // rows that were left out
}

// Column heads the cells of a Table.
//
//	g, p, m      number of a coroutine, a P, an M; nil for none
//	time, dur    nanoseconds: since the start, or in all
//	count        a number
//	percent      0 to 100; bar: 0 to 1
//	object       an Object, or nil
//	site         a Site
//	text, words  a string; Words
type Column struct {
	Title Words  `json:"title"`
	Type  string `json:"type"`
}

// Object is what coroutines wait for.
type Object struct {
	ID   string `json:"id"`   // its address
	Name string `json:"name"` // as in the text timeline: mutex#1
}

// Site is a place in the source.
type Site struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// Graph shows who waits for what, and who holds that.
type Graph struct {
	Nodes  []Node     `json:"nodes"`
	Edges  []Edge     `json:"edges"`
	Cycles [][]string `json:"cycles"` // ids of nodes
}

// Node is a coroutine or an object.
type Node struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Kind  string `json:"kind"` // g or object
}

// Edge leads from a coroutine to what it waits for, or from an object to who
// holds it.
type Edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label Words  `json:"label"`
	Kind  string `json:"kind"` // waits or holds
}

// Log2 is a histogram of durations: bucket n counts those below 2ⁿ ns.
type Log2 struct {
	Title   Words    `json:"title"`
	Buckets []uint64 `json:"log2"`
}

// Mark is a moment worth a look.
type Mark struct {
	T    int64  `json:"t"`
	I    int64  `json:"i"` // number of the event in what was asked; -1: none
	G    uint64 `json:"g"`
	P    int16  `json:"p"`
	Text Words  `json:"text"`
}

// Questions returns the questions, in the order in which to offer them.
func Questions() []Question { return questions }

// questions is filled by init, since its functions refer to it.
var questions []Question

func init() {
	questions = []Question{
		{"blocked", Words{"What is blocked, and on what?", "谁被阻塞？在等什么？"}, "",
			Words{"who is parked at the end, for what, and who holds it; deadlocks and cycles of locks",
				"结束时谁在等待、等什么、被谁持有；死锁与锁环"}, newBlocked},
		{"delays", Words{"Who delays others?", "谁拖慢了别人？"}, "",
			Words{"the longest runs without giving the P up", "占住 P 不放的最长运行"}, newDelays},
		{"latency", Words{"Where does scheduling latency come from?", "调度延迟来自哪里？"}, "",
			Words{"from runnable to running: how long, in which queue, behind whom", "从可运行到运行：多久、在哪个队列、排在谁后面"}, newLatency},
		{"starved", Words{"Which P starves?", "哪个 P 挨饿？"}, "",
			Words{"how each P spent its time, and when it had nothing while others waited", "各个 P 的时间去向；何时别人排队而它闲着"}, newStarved},
		{"wakeups", Words{"How many wake-ups and steals?", "有多少唤醒和窃取？"}, "",
			Words{"who makes whom runnable, which P takes work from which", "谁唤醒谁，哪个 P 从哪个 P 取活"}, newWakeups},
		{"sites", Words{"Where are coroutines created?", "协程在哪里创建？"}, "",
			Words{"the go statements that made most, and what became of theirs", "创建最多协程的 go 语句，以及它们的去向"}, newSites},
		{"locks", Words{"What is waited for most?", "最常等待的是什么？"}, "",
			Words{"channels, locks and other objects by the time spent waiting for them", "按等待时间排列的通道、锁等对象"}, newLocks},
		{"life", Words{"The life of a coroutine", "一个协程的一生"}, "g",
			Words{"what it did, from its creation to its end", "从创建到结束它做了什么"}, newLife},
		{"object", Words{"An object: who holds it, who waits?", "一个对象：谁持有，谁在等？"}, "object",
			Words{"every wait for it, and who ended that", "每一次等待，以及由谁结束"}, newObjectHistory},
	}
}

// observer gathers what one answer needs. before is called with each event
// before the machine takes it, after with the same event afterwards.
type observer interface {
	before(e *Event)
	after(e *Event)
	answer(out *Answer)
}

// Asker gathers an answer from events. It is a [Sink].
type Asker struct {
	q     Query
	about Question
	m     Machine
	n     narrator
	o     observer
	i     int64 // number of the next event
	holds map[uint64]uint64
}

// Ask begins to answer q. symbol says what the program counters in events stand
// for; nil means Resolve.
func Ask(q Query, symbol func(pc uint64) Symbol) (*Asker, error) {
	var ids []string
	for _, about := range questions {
		ids = append(ids, about.ID)
		if about.ID != q.ID {
			continue
		}
		switch {
		case about.Needs == "g" && q.G == 0:
			return nil, fmt.Errorf("the question %q needs a coroutine: name its number", q.ID)
		case about.Needs == "object" && q.Object == 0:
			return nil, fmt.Errorf("the question %q needs an object: name its address", q.ID)
		}
		a := &Asker{q: q, about: about, n: newNarrator(symbol), holds: make(map[uint64]uint64)}
		a.o = about.make(a)
		return a, nil
	}
	return nil, fmt.Errorf("no question %q: ask %s", q.ID, strings.Join(ids, ", "))
}

// WriteEvents takes the next events. It never fails.
func (a *Asker) WriteEvents(events []Event) error {
	for i := range events {
		e := &events[i]
		if e.Kind == KState || a.m.told > 1 {
			a.m.Apply(e) // how things stand: nothing happens
			if e.Kind == KGoPark {
				a.hold(e)
			}
			a.i++
			continue
		}
		a.o.before(e)
		a.hold(e)
		a.m.Apply(e)
		a.o.after(e)
		a.i++
	}
	return nil
}

// Close does nothing.
func (a *Asker) Close() error { return nil }

// Answer returns the answer from the events so far.
func (a *Asker) Answer() *Answer {
	out := &Answer{Q: a.q.ID, Title: a.about.Title, Says: []Words{}, Tables: []Table{}, Marks: []Mark{}}
	a.o.answer(out)
	return out
}

// hold follows who holds what. A park for a lock names its holder; whoever is
// woken by an unlock has it next, or parks again, which names another.
func (a *Asker) hold(e *Event) {
	switch e.Kind {
	case KGoPark:
		if e.C != 0 {
			a.holds[e.A] = e.C
		}
		a.n.parkedOn(e) // gives the object its number
	case KGoReady:
		if e.B != 0 && a.holds[e.B] == e.G && e.G != 0 {
			a.holds[e.B] = e.A
		}
	case KGoExit:
		// One that ends with a lock held has it still: who waits, waits for ever.
	}
}

// name returns a coroutine in words, as "g7 main.worker".
func (a *Asker) name(id uint64) string {
	if g := a.m.Gs[id]; g != nil {
		return fmt.Sprintf("g%d%s", id, space(a.n.symbols.get(g.Entry).Name()))
	}
	return fmt.Sprintf("g%d", id)
}

func (a *Asker) entry(g *MachineG) string { return a.n.symbols.get(g.Entry).Name() }

func (a *Asker) site(pc uint64) Site {
	s := a.n.symbols.get(pc)
	return Site{s.Name(), s.File, s.Line}
}

// object returns what g waits for, nil when that is nothing with a name.
func (a *Asker) object(why Reason, obj uint64) any {
	switch kind := why.Object(); kind {
	case "":
		return nil
	case "duration":
		return Object{"", time.Duration(obj).String()}
	case "fd":
		return Object{fmt.Sprint(obj), fmt.Sprintf("fd %d", obj)}
	default:
		if obj == 0 {
			return nil
		}
		return Object{fmt.Sprintf("%#x", obj), a.n.object(obj, kind)}
	}
}

// shownRows is how many rows a table has at most.
const shownRows = 100

// add appends a row, or counts it as left out.
func (t *Table) add(cells ...any) {
	if len(t.Rows) >= shownRows {
		t.More++
		return
	}
	t.Rows = append(t.Rows, cells)
}

// table begins a table. A column is its type and its title: "g|coroutine|协程".
func table(title Words, columns ...string) Table {
	t := Table{Title: title, Rows: [][]any{}}
	for _, c := range columns {
		kind, titles, _ := strings.Cut(c, "|")
		en, zh, _ := strings.Cut(titles, "|")
		t.Columns = append(t.Columns, Column{Words{en, zh}, kind})
	}
	return t
}

// nilIfZero is a cell for the number of a coroutine.
func nilIfZero(g uint64) any {
	if g == 0 {
		return nil
	}
	return g
}

func nilIfNegative[T int16 | int32](n T) any {
	if n < 0 {
		return nil
	}
	return n
}

// short rounds a duration to three digits.
func short(ns int64) time.Duration {
	d := time.Duration(ns)
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// reasons are the words for what people wait for.
func (r Reason) words() Words {
	if w, ok := reasonWords[r]; ok {
		return Words{r.String(), w}
	}
	return Words{r.String(), r.String()}
}

var reasonWords = map[Reason]string{
	WaitChanReceive: "通道接收", WaitChanSend: "通道发送", WaitChanReceiveNil: "从 nil 通道接收", WaitChanSendNil: "向 nil 通道发送",
	WaitSelectNoCases: "空的 select", WaitMutexLock: "互斥锁", WaitRWMutexRLock: "读锁", WaitRWMutexLock: "写锁",
	WaitWaitGroup: "等待组", WaitCond: "条件变量", WaitSemaphore: "信号量", WaitGroup: "任务组", WaitSleep: "睡眠",
	WaitIORead: "读 I/O", WaitIOWrite: "写 I/O", WaitIOAccept: "接受连接", WaitIOConnect: "建立连接", WaitIOClose: "关闭 I/O",
	WaitJoin: "Do 的汇合", WaitBlock: "阻塞调用", WaitUser: "程序自定", WaitCoroutine: "iter.Pull 的协程", WaitPreempted: "被抢占",
	WaitGC: "垃圾回收", WaitRuntime: "运行时内部",
}
