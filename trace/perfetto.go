package trace

import (
	"fmt"
	"io"
	"slices"
)

// The numbers of the fields that are written, by message, as in Perfetto's
// protos/perfetto/trace.
const (
	tracePacket = 1

	packetTimestamp     = 8
	packetSequenceID    = 10
	packetTrackEvent    = 11
	packetSequenceFlags = 13
	packetDescriptor    = 60

	descriptorUUID     = 1
	descriptorName     = 2
	descriptorProcess  = 3
	descriptorParent   = 5
	descriptorOrdering = 11
	descriptorRank     = 12

	processPID  = 1
	processName = 6

	eventAnnotations = 4
	eventType        = 9
	eventTrack       = 11
	eventCategories  = 22
	eventName        = 23
	eventFlows       = 47
	eventEndsFlows   = 48

	annotationString = 6
	annotationName   = 10
)

const (
	typeBegin   = 1
	typeEnd     = 2
	typeInstant = 3

	sequenceID       = 1
	stateCleared     = 1 // of the sequence: it starts here
	explicitOrdering = 3
)

// Tracks are children of one process. The number of a P or M is added to its
// base, which is also its rank.
const (
	uuidProcess = 1
	uuidOutside = 2
	uuidP       = 1 << 16
	uuidM       = 1 << 32
)

// PerfettoOptions configure a [Perfetto].
type PerfettoOptions struct {
	Ms     bool                   // a track for each M too
	Symbol func(pc uint64) Symbol // what program counters stand for; nil means Resolve
}

// Perfetto is a [Sink] that writes a trace for Perfetto (ui.perfetto.dev). Each
// P has a track on which the coroutine that runs is a slice; what the scheduler
// decides is an instant; an arrow leads from what made a coroutine runnable to
// where it ran. With Ms, each M has a track that shows which P it holds and
// which native call it is in.
type Perfetto struct {
	w      io.Writer
	opts   PerfettoOptions
	n      narrator
	begun  bool
	tracks map[uint64]*track
	gs     map[uint64]*perfettoG
	flows  uint64 // flow ids given
	now    int64  // the time of the last event
	buf    []byte // packets to be written
	packet []byte
	event  []byte
}

// A track has at most one slice open, so begins and ends always balance.
type track struct {
	uuid   uint64
	open   bool
	g      uint64 // whose slice is open; 0 on an M's track: a P's
	native bool   // on an M's track: the open slice is a native call
}

// perfettoG is what is known of a coroutine that has not ended.
type perfettoG struct {
	entry string
	flow  uint64 // leads to its next execution; 0 for none
	on    *track // the P's track that has its slice
}

// NewPerfetto returns a Perfetto that writes to w, once for each call of
// WriteEvents.
func NewPerfetto(w io.Writer, opts PerfettoOptions) *Perfetto {
	return &Perfetto{
		w: w, opts: opts, n: newNarrator(opts.Symbol),
		tracks: make(map[uint64]*track), gs: make(map[uint64]*perfettoG),
	}
}

// WriteEvents writes events.
func (p *Perfetto) WriteEvents(events []Event) error {
	p.begin()
	for i := range events {
		p.now = max(p.now, events[i].Time)
		p.write(&events[i])
		if p.opts.Ms {
			p.writeM(&events[i])
		}
	}
	return p.flush()
}

// Close ends the slices that are still open.
func (p *Perfetto) Close() error {
	p.begin()
	var open []uint64
	for uuid, t := range p.tracks {
		if t.open {
			open = append(open, uuid)
		}
	}
	slices.Sort(open)
	for _, uuid := range open {
		p.endSlice(p.tracks[uuid], "end of the recording")
	}
	return p.flush()
}

func (p *Perfetto) flush() error {
	_, err := p.w.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}

// write writes what e changes on the tracks of Ps.
func (p *Perfetto) write(e *Event) {
	switch e.Kind {
	case KGoCreate:
		g := p.g(e.A)
		g.entry = p.n.symbols.get(e.B).Name()
		p.instant(e, fmt.Sprintf("newproc g%d", e.A), p.newFlow(g))
	case KGoReady:
		p.instant(e, fmt.Sprintf("goready g%d", e.A), p.newFlow(p.g(e.A)))
	case KGoStart:
		p.execute(e)
	case KGoPark, KGoYield, KGoBlock:
		p.leave(e.G, p.n.describe(e))
	case KGoExit:
		p.leave(e.G, p.n.describe(e))
		delete(p.gs, e.G)
	case KPIdle:
		p.endSlice(p.trackP(e.P), p.n.describe(e))
	case KHandoff, KRetake:
		p.endSlice(p.trackP(int16(e.A)), p.n.describe(e))
		p.instant(e, e.Kind.String(), 0)
	case KMSpin, KPAcquire, KFork: // of no interest here, and many
	case KMStart, KMStop:
		if !p.opts.Ms {
			p.instant(e, e.Kind.String(), 0)
		}
	default:
		p.instant(e, e.Kind.String(), 0)
	}
}

func (p *Perfetto) execute(e *Event) {
	t, g := p.trackP(e.P), p.g(e.G)
	p.leave(e.G, "")
	p.endSlice(t, "")
	name := fmt.Sprintf("g%d%s", e.G, space(g.entry))
	p.beginSlice(t, name, p.n.describe(e), g.flow)
	t.g, g.on, g.flow = e.G, t, 0
}

// leave ends the slice of coroutine id, if it has one.
func (p *Perfetto) leave(id uint64, why string) {
	if g := p.gs[id]; g != nil && g.on != nil {
		p.endSlice(g.on, why)
	}
}

// writeM writes what e changes on the tracks of Ms.
func (p *Perfetto) writeM(e *Event) {
	switch e.Kind {
	case KPAcquire:
		t := p.trackM(e.M)
		p.endSlice(t, "")
		p.beginSlice(t, fmt.Sprintf("p%d", e.P), p.n.describe(e), 0)
	case KPIdle, KMStop:
		p.endSlice(p.trackM(e.M), p.n.describe(e))
	case KHandoff, KRetake:
		if t := p.trackM(int32(e.B)); !t.native {
			p.endSlice(t, p.n.describe(e))
		}
	case KGoBlock:
		t := p.trackM(e.M)
		p.endSlice(t, "")
		p.beginSlice(t, fmt.Sprintf("g%d in a native call", e.G), p.n.describe(e), 0)
		t.native = true
	case KGoUnblock:
		if t := p.trackM(e.M); t.native {
			p.endSlice(t, p.n.describe(e))
		}
	}
}

func (p *Perfetto) g(id uint64) *perfettoG {
	g := p.gs[id]
	if g == nil {
		g = new(perfettoG)
		p.gs[id] = g
	}
	return g
}

// newFlow starts an arrow to g's next execution.
func (p *Perfetto) newFlow(g *perfettoG) uint64 {
	p.flows++
	g.flow = p.flows
	return g.flow
}

func (p *Perfetto) trackP(id int16) *track {
	if id < 0 {
		return p.track(uuidOutside, "outside")
	}
	return p.track(uuidP+uint64(id), fmt.Sprintf("P%d", id))
}

func (p *Perfetto) trackM(id int32) *track {
	if id < 0 {
		return p.track(uuidOutside, "outside")
	}
	return p.track(uuidM+uint64(id), fmt.Sprintf("M%d", id))
}

// track returns a track, having described it if it is new.
func (p *Perfetto) track(uuid uint64, name string) *track {
	t := p.tracks[uuid]
	if t == nil {
		t = &track{uuid: uuid}
		p.tracks[uuid] = t
		rank := uuid & (uuidP - 1)
		if uuid >= uuidM {
			rank += uuidP
		}
		b := appendVarintField(nil, descriptorUUID, uuid)
		b = appendBytesField(b, descriptorName, name)
		b = appendVarintField(b, descriptorParent, uuidProcess)
		b = appendVarintField(b, descriptorRank, rank)
		p.write1(appendBytesField(nil, packetDescriptor, b))
	}
	return t
}

func (p *Perfetto) begin() {
	if p.begun {
		return
	}
	p.begun = true
	process := appendVarintField(nil, processPID, 1)
	process = appendBytesField(process, processName, "weft")
	b := appendVarintField(nil, descriptorUUID, uuidProcess)
	b = appendBytesField(b, descriptorProcess, process)
	b = appendVarintField(b, descriptorOrdering, explicitOrdering)
	p.write1(appendVarintField(appendBytesField(nil, packetDescriptor, b), packetSequenceFlags, stateCleared))
}

func (p *Perfetto) instant(e *Event, name string, flow uint64) {
	t := p.trackP(e.P)
	p.startEvent(typeInstant, t)
	p.event = appendBytesField(p.event, eventCategories, e.Kind.String())
	p.event = appendBytesField(p.event, eventName, name)
	if flow != 0 {
		p.event = appendFixedField(p.event, eventFlows, flow)
	}
	p.annotate("what", where(e)+" "+p.n.describe(e))
	p.endEvent()
}

func (p *Perfetto) beginSlice(t *track, name, why string, flow uint64) {
	p.startEvent(typeBegin, t)
	p.event = appendBytesField(p.event, eventCategories, "run")
	p.event = appendBytesField(p.event, eventName, name)
	if flow != 0 {
		p.event = appendFixedField(p.event, eventEndsFlows, flow)
	}
	p.annotate("begin", why)
	p.endEvent()
	t.open = true
}

func (p *Perfetto) endSlice(t *track, why string) {
	if !t.open {
		return
	}
	p.startEvent(typeEnd, t)
	p.annotate("end", why)
	p.endEvent()
	if g := p.gs[t.g]; g != nil && g.on == t {
		g.on = nil
	}
	t.open, t.native, t.g = false, false, 0
}

func (p *Perfetto) startEvent(kind uint64, t *track) {
	p.event = appendVarintField(p.event[:0], eventType, kind)
	p.event = appendVarintField(p.event, eventTrack, t.uuid)
}

// annotate adds a line to what Perfetto shows of the event or slice.
func (p *Perfetto) annotate(name, value string) {
	if value == "" {
		return
	}
	b := appendBytesField(nil, annotationName, name)
	b = appendBytesField(b, annotationString, value)
	p.event = appendBytesField(p.event, eventAnnotations, b)
}

func (p *Perfetto) endEvent() {
	p.packet = appendVarintField(p.packet[:0], packetTimestamp, uint64(p.now))
	p.packet = appendBytesField(p.packet, packetTrackEvent, p.event)
	p.write1(p.packet)
}

// write1 writes one packet.
func (p *Perfetto) write1(packet []byte) {
	packet = appendVarintField(packet, packetSequenceID, sequenceID)
	p.buf = appendBytesField(p.buf, tracePacket, packet)
}
