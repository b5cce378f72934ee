package trace

import (
	"cmp"
	"slices"
)

// Machine is the runtime as the events so far have left it: which coroutines
// there are and what each is doing, what is in the queues, and which M has which
// P. It is a [Sink]. It serves one goroutine.
//
// Events of two Ps that happen at the same moment may come in either order, and
// some may be lost. So nothing here is an error: each event says something of a
// G, an M or a P, and puts right what was thought of it before. The zero Machine
// knows nothing.
type Machine struct {
	Now    int64                // the time of the last event
	Gs     map[uint64]*MachineG // that have not ended
	Ms     []MachineM           // by id
	Ps     []*MachineP          // by id
	Procs  int                  // Ps wanted; more may be on their way out
	Global MachineQueue
	Step   Step   // the last step of the runtime's life
	Dead   uint64 // coroutines that a deadlock report counted
	told   uint64 // events that still belong to a KState
}

// GStatus is what a coroutine is doing.
type GStatus uint8

// The statuses.
const (
	GUnknown GStatus = iota
	GRunnable
	GRunning
	GWaiting
	GNative // in a native call, without a P
	GDead
)

var statusNames = [...]string{"unknown", "runnable", "running", "waiting", "native call", "dead"}

// String returns the status in words, as "runnable".
func (s GStatus) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// MachineG is one coroutine.
type MachineG struct {
	ID      uint64
	Parent  uint64 // who made it, 0 for nobody inside the runtime
	Entry   uint64 // program counter of its function, and
	Site    uint64 // of its go statement; 0 when the recording began later
	Created int64  // when; -1 before the recording
	Status  GStatus
	Since   int64  // when it came to be so
	Why     Reason // while it waits
	Obj     uint64 // what for, and
	Holder  uint64 // who had that when it parked
	PC      uint64 // where it parks, if known
	M       int32  // while it runs or is in a native call
	P       int16  // where it runs, or in whose queue it is; -1 for none
	Queue   Queue  // where it was put when it was last made runnable

	in   *MachineQueue
	turn uint32
}

// MachineM is one worker.
type MachineM struct {
	ID      int32
	Known   bool // it has been seen
	P       int16
	G       uint64 // its coroutine, 0 for g0
	Asleep  bool
	Since   int64
	Spinner bool
}

// MachineP is one processor.
type MachineP struct {
	ID      int16
	Known   bool
	M       int32 // its owner, -1 for none
	Idle    bool  // on the idle list
	G       uint64
	Since   int64  // when it went idle, or came back from it
	Runnext uint64 // 0 for none
	Runq    MachineQueue
}

// MachineQueue is a queue of coroutines, first in first out.
type MachineQueue struct {
	items []queued
	head  int
	n     int
}

// queued is an entry. It is void when its G has moved on since.
type queued struct {
	g    *MachineG
	turn uint32
}

// Len returns how many are in the queue.
func (q *MachineQueue) Len() int { return q.n }

// List returns at most limit of those in the queue, the oldest first.
func (q *MachineQueue) List(limit int) []uint64 {
	ids := []uint64{}
	for _, it := range q.items[q.head:] {
		if len(ids) == limit {
			break
		}
		if it.g.in == q && it.g.turn == it.turn {
			ids = append(ids, it.g.ID)
		}
	}
	return ids
}

func (q *MachineQueue) put(g *MachineG) {
	g.leave()
	if len(q.items) > 2*q.n+64 {
		q.compact()
	}
	g.in = q
	q.items = append(q.items, queued{g, g.turn})
	q.n++
}

// compact drops the entries that are void.
func (q *MachineQueue) compact() {
	kept := q.items[:0]
	for _, it := range q.items[q.head:] {
		if it.g.in == q && it.g.turn == it.turn {
			kept = append(kept, it)
		}
	}
	clear(q.items[len(kept):])
	q.items, q.head = kept, 0
}

func (q *MachineQueue) pop() *MachineG {
	for q.head < len(q.items) {
		it := q.items[q.head]
		q.items[q.head] = queued{}
		q.head++
		if it.g.in == q && it.g.turn == it.turn {
			it.g.leave()
			return it.g
		}
	}
	q.items, q.head = q.items[:0], 0
	return nil
}

func (q *MachineQueue) newest() *MachineG {
	for i := len(q.items) - 1; i >= q.head; i-- {
		if it := q.items[i]; it.g.in == q && it.g.turn == it.turn {
			return it.g
		}
	}
	return nil
}

// leave takes g out of the queue that it is in.
func (g *MachineG) leave() {
	if g.in != nil {
		g.in.n--
		g.in = nil
		g.turn++
	}
}

// WriteEvents applies events. It never fails.
func (m *Machine) WriteEvents(events []Event) error {
	for i := range events {
		m.Apply(&events[i])
	}
	return nil
}

// Close does nothing.
func (m *Machine) Close() error { return nil }

// Telling reports whether the event applied last belongs to a KState, or is
// one: it says how things stand and did not happen then.
func (m *Machine) Telling() bool { return m.told > 0 }

// Apply changes the machine as e says.
func (m *Machine) Apply(e *Event) {
	m.Now = max(m.Now, e.Time)
	if m.told > 0 {
		m.told--
	}
	switch {
	case e.Kind == KState:
		*m = Machine{Now: m.Now, told: e.A + 1}
	case e.Kind >= KGoCreate && e.Kind <= KGoUnblock:
		m.applyG(e)
	case e.Kind >= KSteal && e.Kind <= KGlobGet:
		m.applyQueue(e)
	case e.Kind >= KMStart && e.Kind <= KRetake:
		m.applyMP(e)
	case e.Kind == KProcs:
		m.procs(int(min(e.B, maxPs)))
	case e.Kind == KBoot:
		m.Step = Step(e.Sub)
	case e.Kind == KDeadlock:
		m.Dead = e.A
	}
}

func (m *Machine) applyG(e *Event) {
	switch e.Kind {
	case KGoCreate:
		g := m.G(e.A)
		g.Parent, g.Entry, g.Site, g.Created = e.G, e.B, e.C, m.Now
		m.enqueue(g, e)
	case KGoStart:
		m.run(m.G(e.G), e)
	case KGoPark:
		g := m.G(e.G)
		m.stop(g, e, GWaiting)
		g.Why, g.Obj, g.PC, g.Holder = Reason(e.Sub), e.A, e.B, e.C
	case KGoReady:
		m.enqueue(m.G(e.A), e)
	case KGoYield:
		g := m.G(e.G)
		m.stop(g, e, GRunnable)
		m.enqueue(g, e)
	case KGoExit:
		m.stop(m.G(e.G), e, GDead)
		delete(m.Gs, e.G)
	case KGoBlock:
		g := m.G(e.G)
		m.stop(g, e, GNative)
		g.M = e.M
		if w := m.M(e.M); w != nil {
			w.G = e.G
		}
	case KGoUnblock:
		g := m.G(e.G)
		if e.A == 1 {
			m.run(g, e)
			return
		}
		m.stop(g, e, GRunnable)
		g.P, g.Queue = -1, QGlobal
		m.Global.put(g)
	}
}

// G returns the coroutine with that id, which is entered if it is new.
func (m *Machine) G(id uint64) *MachineG {
	g := m.Gs[id]
	if g == nil {
		if m.Gs == nil {
			m.Gs = make(map[uint64]*MachineG)
		}
		g = &MachineG{ID: id, Created: -1, M: -1, P: -1, Since: m.Now}
		m.Gs[id] = g
	}
	return g
}

// M returns the worker with that id, which is entered if it is new; nil if
// there can be none.
func (m *Machine) M(id int32) *MachineM {
	if id < 0 || id >= 1<<16 {
		return nil
	}
	for len(m.Ms) <= int(id) {
		m.Ms = append(m.Ms, MachineM{ID: int32(len(m.Ms)), P: -1})
	}
	m.Ms[id].Known = true
	return &m.Ms[id]
}

// maxPs is how many Ps are followed: more than any runtime has.
const maxPs = 1 << 12

// P returns the processor with that id, which is entered if it is new; nil if
// there can be none.
func (m *Machine) P(id int16) *MachineP {
	if id < 0 || id >= maxPs {
		return nil
	}
	for len(m.Ps) <= int(id) {
		m.Ps = append(m.Ps, &MachineP{ID: int16(len(m.Ps)), M: -1})
	}
	m.Ps[id].Known = true
	return m.Ps[id]
}

// enqueue makes g runnable, in the queue that e names.
func (m *Machine) enqueue(g *MachineG, e *Event) {
	m.unrun(g)
	g.Status, g.Since, g.P, g.Queue = GRunnable, m.Now, e.P, Queue(e.Sub)
	p := m.P(e.P)
	switch {
	case g.Queue == QRunnext && p != nil:
		if old := m.Gs[p.Runnext]; old != nil && old != g {
			old.Queue = QLocal
			p.Runq.put(old)
		}
		p.Runnext = g.ID
	case g.Queue == QLocal && p != nil:
		p.Runq.put(g)
	case g.Queue == QGlobal:
		g.P = -1
		m.Global.put(g)
	}
}

// run has g run where e says.
func (m *Machine) run(g *MachineG, e *Event) {
	m.unrun(g)
	g.Status, g.Since, g.M, g.P = GRunning, m.Now, e.M, e.P
	if p := m.P(e.P); p != nil {
		p.G, p.M = g.ID, e.M
		m.busy(p)
	}
	if w := m.M(e.M); w != nil {
		w.G, w.P, w.Asleep = g.ID, e.P, false
	}
}

// stop has g leave what it runs on.
func (m *Machine) stop(g *MachineG, e *Event, status GStatus) {
	m.unrun(g)
	g.Status, g.Since, g.P = status, m.Now, -1
}

// unrun takes g out of its queue, and off the M and the P that it is on.
func (m *Machine) unrun(g *MachineG) {
	g.leave()
	if p := m.at(g.P); p != nil {
		if p.G == g.ID {
			p.G = 0
		}
		if p.Runnext == g.ID {
			p.Runnext = 0
		}
	}
	if g.M >= 0 && int(g.M) < len(m.Ms) && m.Ms[g.M].G == g.ID {
		m.Ms[g.M].G = 0
	}
	g.M = -1
}

func (m *Machine) at(p int16) *MachineP {
	if p < 0 || int(p) >= len(m.Ps) {
		return nil
	}
	return m.Ps[p]
}

func (m *Machine) applyQueue(e *Event) {
	to := m.P(e.P)
	from := &m.Global
	n := e.A
	switch e.Kind {
	case KSteal:
		victim := m.at(int16(min(e.A, 1<<15-1)))
		if victim == nil || to == nil {
			return
		}
		from, n = &victim.Runq, e.B
		if g := m.Gs[e.C]; g != nil && victim.Runnext == g.ID {
			victim.Runnext = 0
			g.P = e.P
			to.Runq.put(g)
			n--
		}
	case KOverflow: // the older half, and the newest, which did not fit
		if to != nil && n > 0 {
			newest := to.Runq.newest()
			m.move(&to.Runq, &m.Global, n-1, -1)
			if newest != nil && newest.in == &to.Runq {
				newest.P = -1
				m.Global.put(newest)
			}
		}
		return
	}
	if to != nil {
		m.move(from, &to.Runq, n, e.P)
	}
}

// move moves the n oldest of one queue to another, which belongs to P p.
func (m *Machine) move(from, to *MachineQueue, n uint64, p int16) {
	for ; n > 0 && from != to; n-- {
		g := from.pop()
		if g == nil {
			return
		}
		g.P = p
		to.put(g)
	}
}

func (m *Machine) applyMP(e *Event) {
	switch e.Kind {
	case KMStart:
		if w := m.M(int32(min(e.A, 1<<20))); w != nil {
			w.Asleep, w.Since = false, m.Now
		}
	case KMStop:
		if w := m.M(e.M); w != nil {
			w.Asleep, w.Spinner, w.P, w.G, w.Since = true, false, -1, 0, m.Now
		}
	case KMSpin:
		if w := m.M(e.M); w != nil {
			w.Spinner = e.Sub == 1
		}
	case KPAcquire:
		p, w := m.P(e.P), m.M(e.M)
		if p != nil {
			p.M = e.M
			m.busy(p)
		}
		if w != nil {
			w.P, w.Asleep = e.P, false
		}
	case KPIdle:
		if p := m.P(e.P); p != nil {
			m.parted(p, p.M)
			if !p.Idle {
				p.Idle, p.Since = true, m.Now
			}
		}
	case KHandoff, KRetake:
		if p := m.P(int16(min(e.A, 1<<15-1))); p != nil {
			m.parted(p, int32(min(e.B, 1<<20)))
		}
	}
}

// parted: w has p no longer.
func (m *Machine) parted(p *MachineP, w int32) {
	if p.M == w {
		p.M, p.G = -1, 0
	}
	if w >= 0 && int(w) < len(m.Ms) && m.Ms[w].P == p.ID {
		m.Ms[w].P = -1
	}
}

func (m *Machine) busy(p *MachineP) {
	if p.Idle {
		p.Idle, p.Since = false, m.Now
	}
}

func (m *Machine) procs(n int) {
	m.Procs = n
	if n > 0 {
		m.P(int16(min(n, maxPs) - 1))
	}
	for i, p := range m.Ps {
		p.Known = i < n || p.Known && p.M >= 0
	}
}

// Sorted returns the coroutines in order of their ids.
func (m *Machine) Sorted() []*MachineG {
	gs := make([]*MachineG, 0, len(m.Gs))
	for _, g := range m.Gs {
		gs = append(gs, g)
	}
	slices.SortFunc(gs, func(a, b *MachineG) int { return cmp.Compare(a.ID, b.ID) })
	return gs
}

// Snapshot appends a KState to events, and what belongs to it: from them a
// Machine that knows nothing comes to stand as m does. How long everything has
// been so is not told.
func (m *Machine) Snapshot(events []Event) []Event {
	at := len(events)
	tell := func(e Event) {
		e.Time = m.Now
		events = append(events, e)
	}
	tell(Event{Kind: KState, M: -1, P: -1})
	if m.Step != 0 {
		tell(Event{Kind: KBoot, Sub: uint8(m.Step), M: -1, P: -1})
	}
	tell(Event{Kind: KProcs, B: uint64(m.Procs), M: -1, P: -1})
	for i := range m.Ms {
		w := &m.Ms[i]
		switch {
		case w.Known && w.P >= 0:
			tell(Event{Kind: KPAcquire, M: w.ID, P: w.P})
		case w.Known && w.Asleep:
			tell(Event{Kind: KMStop, M: w.ID, P: -1})
		}
	}
	for _, p := range m.Ps {
		if p.Idle {
			tell(Event{Kind: KPIdle, M: -1, P: p.ID})
		}
		for _, id := range p.Runq.List(-1) {
			tell(m.Gs[id].created(QLocal, p.ID))
		}
		if g := m.Gs[p.Runnext]; g != nil && g.Status == GRunnable {
			tell(g.created(QRunnext, p.ID))
		}
	}
	for _, id := range m.Global.List(-1) {
		tell(m.Gs[id].created(QGlobal, -1))
	}
	for _, g := range m.Sorted() {
		m.tellG(g, tell)
	}
	events[at].A = uint64(len(events) - at - 1)
	return events
}

func (g *MachineG) created(q Queue, p int16) Event {
	return Event{Kind: KGoCreate, Sub: uint8(q), A: g.ID, B: g.Entry, C: g.Site, G: g.Parent, M: -1, P: p}
}

// tellG tells of a coroutine that is in no queue.
func (m *Machine) tellG(g *MachineG, tell func(Event)) {
	p := m.at(g.P)
	if g.in != nil || g.Status == GRunnable && p != nil && p.Runnext == g.ID {
		return
	}
	tell(g.created(QNone, -1))
	switch g.Status {
	case GRunning:
		tell(Event{Kind: KGoStart, G: g.ID, M: g.M, P: g.P})
	case GWaiting:
		tell(Event{Kind: KGoPark, Sub: uint8(g.Why), G: g.ID, A: g.Obj, B: g.PC, C: g.Holder, M: -1, P: -1})
	case GNative:
		tell(Event{Kind: KGoBlock, G: g.ID, M: g.M, P: -1})
	}
}
