package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
)

// A message is its fields by number, each a uint64 or a []byte, in order.
type message map[int][]any

// decode walks the wire format.
func decode(t *testing.T, b []byte) message {
	t.Helper()
	m := message{}
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			t.Fatalf("bad tag in %x", b)
		}
		b = b[n:]
		field := int(tag >> 3)
		switch tag & 7 {
		case wireVarint:
			v, n := binary.Uvarint(b)
			if n <= 0 {
				t.Fatalf("bad number in field %d", field)
			}
			m[field] = append(m[field], v)
			b = b[n:]
		case wireFixed64:
			m[field] = append(m[field], binary.LittleEndian.Uint64(b))
			b = b[8:]
		case wireBytes:
			v, n := binary.Uvarint(b)
			if n <= 0 || v > uint64(len(b)-n) {
				t.Fatalf("bad length in field %d", field)
			}
			m[field] = append(m[field], b[n:n+int(v)])
			b = b[n+int(v):]
		default:
			t.Fatalf("wire type %d in field %d", tag&7, field)
		}
	}
	return m
}

func (m message) number(field int) uint64 {
	if len(m[field]) == 0 {
		return 0
	}
	return m[field][0].(uint64)
}

func (m message) text(field int) string {
	if len(m[field]) == 0 {
		return ""
	}
	return string(m[field][0].([]byte))
}

// shown is what a Perfetto trace says, checked as it is decoded.
type shown struct {
	tracks map[uint64]string
	lines  []string          // "time track event name", in order
	flows  map[uint64]string // flow id: where it starts and ends
}

// show decodes and checks a trace: every packet is of the sequence, every event
// has a time and a track that was described before, names where Perfetto wants
// them, begins and ends in balance on each track, and every flow that ends
// began, earlier, and ends once.
func show(t *testing.T, data []byte) shown {
	t.Helper()
	s := shown{tracks: map[uint64]string{}, flows: map[uint64]string{}}
	open := map[uint64]int{}
	last := uint64(0)
	for field, packets := range decode(t, data) {
		if field != tracePacket {
			t.Fatalf("field %d in the trace", field)
		}
		for i, p := range packets {
			packet := decode(t, p.([]byte))
			if packet.number(packetSequenceID) == 0 {
				t.Fatalf("packet %d is of no sequence", i)
			}
			if (packet.number(packetSequenceFlags)&stateCleared != 0) != (i == 0) {
				t.Fatalf("packet %d: sequence flags %d", i, packet.number(packetSequenceFlags))
			}
			if len(packet[packetDescriptor]) > 0 {
				s.describe(t, decode(t, packet[packetDescriptor][0].([]byte)))
				continue
			}
			if now := packet.number(packetTimestamp); now < last || len(packet[packetTimestamp]) == 0 {
				t.Fatalf("packet %d at %d, after %d", i, now, last)
			}
			last = packet.number(packetTimestamp)
			s.event(t, last, decode(t, packet[packetTrackEvent][0].([]byte)), open)
		}
	}
	for uuid, n := range open {
		if n != 0 {
			t.Errorf("track %s: %d slices open at the end", s.tracks[uuid], n)
		}
	}
	return s
}

func (s *shown) describe(t *testing.T, d message) {
	uuid := d.number(descriptorUUID)
	if _, ok := s.tracks[uuid]; ok || uuid == 0 {
		t.Fatalf("track %d described again", uuid)
	}
	if len(d[descriptorProcess]) > 0 {
		process := decode(t, d[descriptorProcess][0].([]byte))
		if process.number(processPID) == 0 || process.text(processName) != "weft" {
			t.Fatalf("process %v", process)
		}
	} else if _, ok := s.tracks[d.number(descriptorParent)]; !ok || d.text(descriptorName) == "" {
		t.Fatalf("track %d has no parent or no name", uuid)
	}
	s.tracks[uuid] = d.text(descriptorName)
}

func (s *shown) event(t *testing.T, now uint64, e message, open map[uint64]int) {
	uuid := e.number(eventTrack)
	track, ok := s.tracks[uuid]
	if !ok {
		t.Fatalf("event on track %d, which is not described", uuid)
	}
	kind := map[uint64]string{typeBegin: "begin", typeEnd: "end", typeInstant: "instant"}[e.number(eventType)]
	switch kind {
	case "begin":
		open[uuid]++
	case "end":
		open[uuid]--
	}
	if open[uuid] < 0 || open[uuid] > 1 {
		t.Fatalf("%d slices open on %s", open[uuid], track)
	}
	if kind == "" || kind != "end" && (e.text(eventName) == "" || e.text(eventCategories) == "") {
		t.Fatalf("event without type, name or category: %v", e)
	}
	line := fmt.Sprintf("%d %s %s", now, track, kind)
	if name := e.text(eventName); name != "" {
		line += " " + name
	}
	s.lines = append(s.lines, line)
	for _, f := range e[eventFlows] {
		if id := f.(uint64); s.flows[id] != "" || id == 0 {
			t.Fatalf("flow %d begins twice", id)
		}
		s.flows[f.(uint64)] = line
	}
	for _, f := range e[eventEndsFlows] {
		from := s.flows[f.(uint64)]
		if from == "" || bytes.Contains([]byte(from), []byte(" ⇒ ")) {
			t.Fatalf("flow %d ends without having begun: %q", f, from)
		}
		s.flows[f.(uint64)] = from + " ⇒ " + line
	}
}

// exported returns events as a Perfetto trace, written in several calls.
func exported(t *testing.T, events []Event, ms bool) []byte {
	t.Helper()
	var b bytes.Buffer
	p := NewPerfetto(&b, PerfettoOptions{Ms: ms, Symbol: fakeSymbol})
	for len(events) > 0 {
		n := min(3, len(events))
		if err := p.WriteEvents(events[:n]); err != nil {
			t.Fatal(err)
		}
		events = events[n:]
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkLines(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("too much: %s", got[i])
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case got[i] != want[i]:
			t.Errorf("got %s, want %s", got[i], want[i])
		}
	}
}

var twoPs = []Event{
	{Time: 1, Kind: KGoCreate, A: 1, B: 0xa},
	{Time: 2, Kind: KGoStart, G: 1},
	{Time: 3, Kind: KGoCreate, G: 1, A: 2, B: 0xb},
	{Time: 4, Kind: KPAcquire, M: 1, P: 1},
	{Time: 4, Kind: KSteal, M: 1, P: 1, A: 0, B: 1, C: 2},
	{Time: 5, Kind: KGoStart, G: 2, M: 1, P: 1},
	{Time: 6, Kind: KGoPark, G: 1, Sub: uint8(WaitChanReceive), A: 0xc0},
	{Time: 7, Kind: KGoReady, G: 2, M: 1, P: 1, A: 1, B: 0xc0},
	{Time: 7, Kind: KGoBlock, G: 2, M: 1, P: 1},
	{Time: 8, Kind: KHandoff, M: 1, P: -1, A: 1, B: 1},
	{Time: 9, Kind: KGoStart, G: 1},
	{Time: 10, Kind: KGoUnblock, G: 2, M: 1, P: -1},
	{Time: 11, Kind: KGoYield, G: 1},
	{Time: 12, Kind: KGoStart, G: 2},
	{Time: 13, Kind: KRetake, M: -1, P: -1, A: 0, B: 0, C: 9},
	{Time: 14, Kind: KGoExit, G: 2, P: -1},
	{Time: 15, Kind: KGoStart, G: 1},
}

func TestPerfettoShowsWhoRunsWhere(t *testing.T) {
	s := show(t, exported(t, twoPs, false))
	checkLines(t, s.lines, []string{
		"1 P0 instant newproc g1",
		"2 P0 begin g1 fake.fa",
		"3 P0 instant newproc g2",
		"4 P1 instant steal",
		"5 P1 begin g2 fake.fb",
		"6 P0 end",
		"7 P1 instant goready g1",
		"7 P1 end",
		"8 outside instant handoff",
		"9 P0 begin g1 fake.fa",
		"10 outside instant unblock",
		"11 P0 end",
		"12 P0 begin g2 fake.fb",
		"13 P0 end",
		"13 outside instant retake",
		"15 P0 begin g1 fake.fa",
		"15 P0 end",
	})
	want := map[uint64]string{
		1: "1 P0 instant newproc g1 ⇒ 2 P0 begin g1 fake.fa",
		2: "3 P0 instant newproc g2 ⇒ 5 P1 begin g2 fake.fb",
		3: "7 P1 instant goready g1 ⇒ 9 P0 begin g1 fake.fa",
	}
	if fmt.Sprint(s.flows) != fmt.Sprint(want) {
		t.Errorf("flows\ngot  %v\nwant %v", s.flows, want)
	}
}

func TestPerfettoShowsWhatMsHold(t *testing.T) {
	s := show(t, exported(t, twoPs, true))
	var ms []string
	for _, l := range s.lines {
		if bytes.Contains([]byte(l), []byte(" M")) {
			ms = append(ms, l)
		}
	}
	checkLines(t, ms, []string{
		"4 M1 begin p1",
		"7 M1 end",
		"7 M1 begin g2 in a native call",
		"10 M1 end",
	})
}

// The events that say that g1 stopped on P0 were lost.
func TestPerfettoShowsACoroutineInOnePlace(t *testing.T) {
	s := show(t, exported(t, []Event{
		{Time: 1, Kind: KGoStart, G: 1},
		{Time: 2, Kind: KLost, A: 9, M: -1},
		{Time: 3, Kind: KGoStart, G: 1, P: 1},
		{Time: 4, Kind: KGoStart, G: 2, P: 1},
	}, false))
	checkLines(t, s.lines, []string{
		"1 P0 begin g1", "2 P0 instant lost", "3 P0 end", "3 P1 begin g1", "4 P1 end", "4 P1 begin g2", "4 P1 end",
	})
}

// Whatever the events, even if they contradict each other, the trace is well
// formed.
func TestPerfettoIsWellFormedForAnyEvents(t *testing.T) {
	events := someEvents(5000)
	for i := range events { // few enough Gs to meet again
		events[i].G %= 8
		events[i].A %= 8
	}
	for _, ms := range []bool{false, true} {
		s := show(t, exported(t, events, ms))
		if len(s.lines) < 3000 || len(s.flows) < 100 {
			t.Errorf("%d events, %d flows", len(s.lines), len(s.flows))
		}
	}
	show(t, exported(t, nil, true))
}

func TestPerfettoReportsFailingOutput(t *testing.T) {
	p := NewPerfetto(failingWriter{}, PerfettoOptions{})
	if err := p.WriteEvents(twoPs); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
