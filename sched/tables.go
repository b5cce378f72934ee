package sched

import (
	"fmt"
	"unsafe"

	"github.com/weftgo/weft/trace"
)

// Tables is a look at a runtime's tables while it runs: each entry was so at
// some moment of the look, not all at the same one. What only an owner may read
// (p.go, m.go) is not in it.
type Tables struct {
	Now        int64
	Procs      int
	Runq       []uint64 // the global queue, the oldest first
	MIdle      []int32
	PIdle      []int32
	NMSpinning int
	Stacks     int
	StacksFree int // in the runtime's list; Ps have lists of their own
	GFree      int // the same of Gs
	Ms         []TableM
	Ps         []TableP
	Gs         []TableG
	MoreGs     int // that are not in Gs
	Fds        []TableFd
	MoreFds    int
}

// TableM is an entry of allm.
type TableM struct {
	ID   int32
	G0   string // where g0 is
	P    int32  // -1: none
	Idle bool
}

// TableP is an entry of allp.
type TableP struct {
	ID        int32
	M         int32 // owner, -1: none
	Status    string
	Runnext   uint64
	Runq      []uint64
	Timers    int   // armed
	NextTimer int64 // 0: none
	Schedtick uint64
	GFree     int // in its lists of free Gs and stacks; -1: it could not be stopped for the look
	StkFree   int
}

// TableG is an entry of allgs that is in use.
type TableG struct {
	ID     uint64
	Status Status
}

// Tables looks at the tables. At most limit Gs are listed, of each queue too.
// It takes the runtime's locks for a short while; it doesn't park.
func (s *Sched) Tables(limit int) Tables {
	t := Tables{Now: s.Now(), Procs: s.Procs(), NMSpinning: int(s.nmspinning.Load()), Stacks: int(s.nstk.Load()),
		StacksFree: int(s.nstkfree.Load()), Runq: []uint64{}, MIdle: []int32{}, PIdle: []int32{}}
	on := make(map[int32]int32)
	for _, pp := range s.allp() {
		if pp.dead.Load() {
			continue
		}
		row := pp.table(limit)
		if row.M >= 0 {
			on[row.M] = row.ID
		}
		t.Ps = append(t.Ps, row)
	}
	idle := make(map[int32]bool)
	s.lock.Lock()
	ms := s.allm[:len(s.allm):len(s.allm)]
	for mp := s.midle; mp != nil; mp = mp.link {
		t.MIdle = append(t.MIdle, mp.id)
		idle[mp.id] = true
	}
	for pp := s.pidle; pp != nil; pp = pp.link { // nobody takes one without the lock
		t.PIdle = append(t.PIdle, pp.id)
		for i := range t.Ps {
			if row := &t.Ps[i]; row.ID == pp.id {
				row.GFree, row.StkFree = pp.gfree.n, len(pp.stkfree)
			}
		}
	}
	s.runq.each(limit, func(gp *G) { t.Runq = append(t.Runq, gp.ID()) })
	s.lock.Unlock()
	for _, mp := range ms {
		row := TableM{ID: mp.id, G0: fmt.Sprintf("%#x", uintptr(unsafe.Pointer(&mp.stk))), P: -1, Idle: idle[mp.id]}
		if p, ok := on[mp.id]; ok {
			row.P = p
		}
		t.Ms = append(t.Ms, row)
	}
	s.tableGs(&t, limit)
	s.tableFds(&t, limit)
	return t
}

func (pp *P) table(limit int) TableP {
	w := pp.word.Load()
	row := TableP{ID: pp.id, M: -1, Status: "idle", Runq: []uint64{}, NextTimer: pp.timers.when0.Load(),
		Schedtick: w >> tickShift & tickMask}
	if owner := w >> ownerShift; owner != ownerNone {
		row.M = int32(owner)
		row.Status = [...]string{modeUser: "user", modeRuntime: "runtime", modeThief: "user"}[w&modeMask]
	}
	pp.timers.mu.Lock()
	row.Timers = len(pp.timers.heap)
	pp.timers.mu.Unlock()
	if gp := pp.runnext.load(); gp != nil {
		row.Runnext = gp.ID()
	}
	row.GFree, row.StkFree = pp.freeLists()
	h, t := pp.runq.head.Load(), pp.runq.tail.Load()
	for ; h != t && t-h <= runqsize && len(row.Runq) < limit; h++ {
		if gp := pp.runq.slot[h%runqsize].load(); gp != nil {
			row.Runq = append(row.Runq, gp.ID())
		}
	}
	return row
}

// freeLists returns how many Gs and stacks pp has free, -1 if it was in runtime mode
// each time. They are the owner's; as a thief does, it keeps the owner out of that
// mode for the few instructions.
func (pp *P) freeLists() (gs, stacks int) {
	for range 100 {
		w := pp.word.Load()
		if w&modeMask == modeUser && w>>ownerShift != ownerNone && pp.word.CompareAndSwap(w, w|modeThief) {
			gs, stacks = pp.gfree.n, len(pp.stkfree)
			pp.word.Store(w)
			return gs, stacks
		}
	}
	return -1, -1
}

func (s *Sched) tableGs(t *Tables, limit int) {
	s.glock.Lock()
	slabs := s.allgs[:len(s.allgs):len(s.allgs)]
	t.GFree = s.gfree.n
	s.glock.Unlock()
	for _, slab := range slabs {
		for i := range slab {
			switch st := slab[i].Status(); {
			case st == Gidle || st == Gdead:
			case len(t.Gs) < limit:
				t.Gs = append(t.Gs, TableG{slab[i].ID(), st})
			default:
				t.MoreGs++
			}
		}
	}
}

// each calls f with at most limit of the queued, the oldest first.
func (q *globq) each(limit int, f func(*G)) {
	i := q.h
	for c, n := q.head, min(q.n, limit); n > 0; n-- {
		if i == len(c.g) {
			c, i = c.next, 0
		}
		f(c.g[i])
		i++
	}
}

// Find returns the runtime that rec records, nil if none does at the moment.
func Find(rec *trace.Recorder) *Sched {
	runtimes.mu.Lock()
	defer runtimes.mu.Unlock()
	for _, s := range runtimes.live {
		if s.rec == rec && rec != nil {
			return s
		}
	}
	return nil
}

// holderID returns the coroutine that holds what another is about to park for,
// 0 if that is not known. It may have let go by the time that anybody reads it.
func holderID(obj any) uint64 {
	if h, ok := obj.(interface{ Holder() *G }); ok {
		if gp := h.Holder(); gp != nil {
			return gp.ID()
		}
	}
	return 0
}

// Events tells how the tables stand in the events of a trace.KState, for whoever
// has missed what happened. What each coroutine is, and what it waits for, is not
// in the tables.
func (t *Tables) Events() []trace.Event {
	events := []trace.Event{{Kind: trace.KState}, {Kind: trace.KProcs, B: uint64(t.Procs)}}
	none := len(events)
	for _, mp := range t.Ms {
		if mp.Idle {
			events = append(events, trace.Event{Kind: trace.KMStop, M: mp.ID, P: -1})
		}
	}
	queued := make(map[uint64]bool)
	put := func(q trace.Queue, p int32, gs ...uint64) {
		for _, g := range gs {
			queued[g] = true
			events = append(events, trace.Event{Kind: trace.KGoCreate, Sub: uint8(q), A: g, M: -1, P: int16(p)})
		}
	}
	for _, pp := range t.Ps {
		if pp.M >= 0 {
			events = append(events, trace.Event{Kind: trace.KPAcquire, M: pp.M, P: int16(pp.ID)})
		} else {
			events = append(events, trace.Event{Kind: trace.KPIdle, M: -1, P: int16(pp.ID)})
		}
		put(trace.QLocal, pp.ID, pp.Runq...)
		if pp.Runnext != 0 {
			put(trace.QRunnext, pp.ID, pp.Runnext)
		}
	}
	put(trace.QGlobal, -1, t.Runq...)
	for _, g := range t.Gs {
		if queued[g.ID] {
			continue
		}
		events = append(events, trace.Event{Kind: trace.KGoCreate, A: g.ID, M: -1, P: -1})
		switch g.Status {
		case Gwaiting:
			events = append(events, trace.Event{Kind: trace.KGoPark, G: g.ID, M: -1, P: -1})
		case Gsyscall:
			events = append(events, trace.Event{Kind: trace.KGoBlock, G: g.ID, M: -1, P: -1})
		case Grunning:
			events = append(events, trace.Event{Kind: trace.KGoStart, G: g.ID, M: -1, P: -1})
		}
	}
	for i := range events {
		events[i].Time = t.Now
		if i < none {
			events[i].M, events[i].P = -1, -1
		}
	}
	events[0].A = uint64(len(events) - 1)
	return events
}
