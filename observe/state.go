package observe

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// state answers with the tables of the runtime at a moment: of a run that goes
// on, its own tables now, and what its events tell besides; of a recording, what
// the events up to then add up to.
func (s *Server) state(w http.ResponseWriter, r *http.Request, _ string) error {
	src, err := s.source(r, "id")
	if err != nil {
		return err
	}
	at, err := number(r, "t", math.MaxInt64)
	if err != nil {
		return err
	}
	if live, ok := src.(*Live); ok && at == math.MaxInt64 {
		return reply(w, s.stateNow(live))
	}
	return reading(src, func(f io.ReadSeeker, x *trace.Index) error {
		m, _, err := x.Machine(f, at)
		if err != nil {
			return err
		}
		return reply(w, stateOf(m, x.Symbol))
	})
}

// stateNow looks at the feed, and at the runtime's tables if it is in this
// process.
func (s *Server) stateNow(l *Live) *state {
	l.mu.Lock()
	st := stateOf(&l.machine, trace.Resolve)
	l.mu.Unlock()
	if s.opts.Control == nil {
		return st
	}
	if t, ok := s.opts.Control.Tables(stateGs); ok {
		st.correct(&t)
		s.lookAtUnknown(st)
	}
	return st
}

// lookAtUnknown asks those of whom the events don't say why they are parked, since
// recording was paused: at most maxLooks, as each is held for a moment.
func (s *Server) lookAtUnknown(st *state) {
	if !slices.ContainsFunc(st.Gs, stateG.unknown) {
		return
	}
	parked, _ := s.opts.Control.Parked(0, maxLooks)
	at := make(map[uint64]*sched.ParkedG, len(parked))
	for i := range parked {
		at[parked[i].ID] = &parked[i]
	}
	for i := range st.Gs {
		if g := &st.Gs[i]; g.unknown() && at[g.ID] != nil {
			g.looked(at[g.ID])
		}
	}
}

const maxLooks = 500

const stateGs = 2000 // coroutines, and entries of a queue, that are told of

type state struct {
	T      int64        `json:"t"`
	Source string       `json:"source"` // tables or events
	Procs  int          `json:"procs"`
	M0     int32        `json:"m0"`
	Sched  stateSched   `json:"sched"`
	Ms     []stateM     `json:"allm"`
	Ps     []stateP     `json:"allp"`
	Gs     []stateG     `json:"allgs"`
	More   int          `json:"more"`
	Poll   []descriptor `json:"netpoll"`
}

type stateSched struct {
	Runq       []uint64 `json:"runq"`
	Runqsize   int      `json:"runqsize"`
	MIdle      []int32  `json:"midle"`
	PIdle      []int32  `json:"pidle"`
	NMSpinning int      `json:"nmspinning"`
	GFree      *int     `json:"gfree,omitempty"`
	StkFree    *int     `json:"stkfree,omitempty"`
	Stacks     *int     `json:"stacks,omitempty"`
	Step       string   `json:"step"`
}

type stateM struct {
	ID    int32  `json:"id"`
	P     any    `json:"p"`
	G     uint64 `json:"g"`
	State string `json:"state"`
	G0    string `json:"g0,omitempty"`
}

type stateP struct {
	ID        int32    `json:"id"`
	M         any      `json:"m"`
	Status    string   `json:"status"`
	G         uint64   `json:"g"`
	Runnext   uint64   `json:"runnext"`
	Runq      []uint64 `json:"runq"`
	Runqsize  int      `json:"runqsize"`
	Timers    *int     `json:"timers,omitempty"` // armed
	NextTimer int64    `json:"next_timer,omitempty"`
	Schedtick uint64   `json:"schedtick,omitempty"`
	GFree     *int     `json:"gfree,omitempty"` // -1: not known at the moment
	StkFree   *int     `json:"stkfree,omitempty"`
}

type stateG struct {
	ID     uint64     `json:"id"`
	Status string     `json:"status"`
	Entry  string     `json:"entry"`
	Site   trace.Site `json:"site"`
	Parent uint64     `json:"parent"`
	Reason string     `json:"reason"`
	Object any        `json:"object"`
	Holder uint64     `json:"holder"`
	At     trace.Site `json:"at"` // where it parks
	M      any        `json:"m"`
	P      any        `json:"p"`
	Since  int64      `json:"since"`
}

type descriptor struct {
	FD      uint64   `json:"fd"`
	Readers []uint64 `json:"readers"`
	Writers []uint64 `json:"writers"`

	// Of the poller's own table, if that is in this process.
	Slot     *uint32  `json:"slot,omitempty"`    // where it is registered, and
	Gen      uint32   `json:"gen,omitempty"`     // for which owner of that place
	Outside  int      `json:"outside,omitempty"` // who wait and are no coroutines (yet)
	Deadline [2]int64 `json:"deadline"`          // to read and to write, 0: none
}

// stateOf describes a machine.
func stateOf(m *trace.Machine, symbol func(uint64) trace.Symbol) *state {
	st := &state{T: m.Now, Source: "events", Procs: m.Procs, Ms: []stateM{}, Ps: []stateP{}, Gs: []stateG{}}
	st.Sched = stateSched{Runq: m.Global.List(stateGs), Runqsize: m.Global.Len(), MIdle: []int32{}, PIdle: []int32{}, Step: m.Step.String()}
	for i := range m.Ms {
		w := &m.Ms[i]
		if !w.Known {
			continue
		}
		st.Ms = append(st.Ms, stateM{ID: w.ID, P: idOrNil(int32(w.P)), G: w.G, State: workerState(m, w)})
		if w.Asleep {
			st.Sched.MIdle = append(st.Sched.MIdle, w.ID)
		}
		if w.Spinner {
			st.Sched.NMSpinning++
		}
	}
	for i := range m.Ps {
		p := m.Ps[i]
		if !p.Known {
			continue
		}
		status := "running"
		if p.Idle {
			status = "idle"
			st.Sched.PIdle = append(st.Sched.PIdle, int32(p.ID))
		}
		st.Ps = append(st.Ps, stateP{ID: int32(p.ID), M: idOrNil(p.M), Status: status, G: p.G, Runnext: p.Runnext,
			Runq: p.Runq.List(stateGs), Runqsize: p.Runq.Len()})
	}
	gs := m.Sorted()
	st.More = max(0, len(gs)-stateGs)
	for _, g := range gs[:min(len(gs), stateGs)] {
		st.Gs = append(st.Gs, describeG(g, symbol))
	}
	st.Poll = descriptors(gs)
	return st
}

func workerState(m *trace.Machine, w *trace.MachineM) string {
	switch g := m.Gs[w.G]; {
	case w.Asleep:
		return "idle"
	case w.Spinner:
		return "spinning"
	case g != nil && g.Status == trace.GNative:
		return "native"
	case w.P < 0:
		return "idle"
	}
	return "running"
}

func describeG(g *trace.MachineG, symbol func(uint64) trace.Symbol) stateG {
	d := stateG{ID: g.ID, Status: g.Status.String(), Entry: symbol(g.Entry).Name(), Site: siteOf(symbol(g.Site)),
		Parent: g.Parent, M: idOrNil(g.M), P: idOrNil(int32(g.P)), Since: g.Since}
	if g.Status != trace.GWaiting {
		return d
	}
	d.waits(g.Why, g.Obj, g.Holder, symbol(g.PC))
	return d
}

func siteOf(s trace.Symbol) trace.Site { return trace.Site{Func: s.Name(), File: s.File, Line: s.Line} }

// waits says what g, which is parked, waits for, and where.
func (g *stateG) waits(why trace.Reason, obj, holder uint64, at trace.Symbol) {
	g.Reason, g.Holder, g.At = why.String(), holder, siteOf(at)
	switch kind := why.Object(); {
	case kind == "duration":
		g.Object = trace.Object{Name: time.Duration(obj).String()}
	case kind == "fd":
		g.Object = trace.Object{ID: fmt.Sprint(obj), Name: fmt.Sprintf("fd %d", obj)}
	case kind != "" && obj != 0:
		g.Object = trace.Object{ID: fmt.Sprintf("%#x", obj), Name: kind}
	}
}

// unknown reports whether it isn't said why g is parked.
func (g stateG) unknown() bool { return g.Status == sched.Gwaiting.String() && g.Reason == "" }

// looked takes what a look at the parked coroutine says.
func (g *stateG) looked(p *sched.ParkedG) {
	g.Entry, g.Parent, g.Site = p.Entry, p.Parent, siteOf(trace.Resolve(uint64(p.GoPC)))
	g.waits(p.Reason, p.ObjAddr, p.HolderID, trace.Resolve(uint64(trace.Own(p.Stack))))
}

// descriptors lists who waits in the poller for which descriptor.
func descriptors(gs []*trace.MachineG) []descriptor {
	at := make(map[uint64]int)
	all := []descriptor{}
	for _, g := range gs {
		if g.Status != trace.GWaiting || g.Why.Object() != "fd" {
			continue
		}
		i, ok := at[g.Obj]
		if !ok {
			if len(all) == stateGs {
				continue
			}
			i = len(all)
			at[g.Obj] = i
			all = append(all, descriptor{FD: g.Obj, Readers: []uint64{}, Writers: []uint64{}})
		}
		if g.Why == trace.WaitIOWrite || g.Why == trace.WaitIOConnect {
			all[i].Writers = append(all[i].Writers, g.ID)
		} else {
			all[i].Readers = append(all[i].Readers, g.ID)
		}
	}
	slices.SortFunc(all, func(a, b descriptor) int { return cmp.Compare(a.FD, b.FD) })
	return all
}

func idOrNil(id int32) any {
	if id < 0 {
		return nil
	}
	return id
}

// correct replaces what the events add up to by what the tables say.
func (st *state) correct(t *sched.Tables) {
	st.Source, st.Procs = "tables", t.Procs
	st.Sched = stateSched{Runq: t.Runq, Runqsize: len(t.Runq), MIdle: t.MIdle, PIdle: t.PIdle, NMSpinning: t.NMSpinning,
		GFree: &t.GFree, StkFree: &t.StacksFree, Stacks: &t.Stacks, Step: st.Sched.Step}
	told := make(map[int32]stateM)
	for _, m := range st.Ms {
		told[m.ID] = m
	}
	st.Ms = st.Ms[:0]
	for _, mp := range t.Ms {
		m := told[mp.ID]
		m.ID, m.P, m.G0 = mp.ID, idOrNil(mp.P), mp.G0
		if mp.Idle {
			m.State, m.G = "idle", 0
		}
		m.State = cmp.Or(m.State, "running")
		st.Ms = append(st.Ms, m)
	}
	running := make(map[int32]uint64)
	for _, p := range st.Ps {
		running[p.ID] = p.G
	}
	st.Ps = st.Ps[:0]
	for _, p := range t.Ps {
		st.Ps = append(st.Ps, stateP{ID: p.ID, M: idOrNil(p.M), Status: p.Status, G: running[p.ID], Runnext: p.Runnext, Runq: p.Runq,
			Runqsize: len(p.Runq), Timers: &p.Timers, NextTimer: p.NextTimer, Schedtick: p.Schedtick,
			GFree: &p.GFree, StkFree: &p.StkFree})
	}
	st.Poll = st.Poll[:0]
	for i := range t.Fds {
		st.Poll = append(st.Poll, registered(&t.Fds[i]))
	}
	gs := make(map[uint64]stateG)
	for _, g := range st.Gs {
		gs[g.ID] = g
	}
	st.Gs, st.More = st.Gs[:0], t.MoreGs
	for _, row := range t.Gs {
		g := gs[row.ID]
		g.ID, g.Status = row.ID, row.Status.String()
		if row.Status != sched.Gwaiting {
			g.Reason, g.Object, g.Holder, g.At = "", nil, 0, trace.Site{}
		}
		st.Gs = append(st.Gs, g)
	}
}

// registered describes an entry of the poller's table.
func registered(fd *sched.TableFd) descriptor {
	d := descriptor{FD: uint64(fd.FD), Readers: []uint64{}, Writers: []uint64{}, Slot: &fd.Slot, Gen: fd.Gen, Deadline: fd.Deadline}
	for side, waits := range fd.Waits {
		switch g := fd.G[side]; {
		case !waits:
		case g == 0:
			d.Outside++
		case sched.Side(side) == sched.Reading:
			d.Readers = append(d.Readers, g)
		default:
			d.Writers = append(d.Writers, g)
		}
	}
	return d
}
