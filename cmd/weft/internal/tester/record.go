package tester

import (
	"errors"
	"io"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/trace"
)

// parkReasons are what a goroutine waits for that parks after an operation.
var parkReasons = map[int]trace.Reason{
	explore.OpSend: trace.WaitChanSend, explore.OpRecv: trace.WaitChanReceive, explore.OpSelect: trace.WaitSelect,
	explore.OpLock: trace.WaitSyncMutexLock, explore.OpRLock: trace.WaitSyncRWMutexRLock, explore.OpWGWait: trace.WaitSyncWaitGroup,
	explore.OpCondWait: trace.WaitSyncCond, explore.OpSleep: trace.WaitSleep,
}

// recording makes weft's trace events of a story, and tells the decisions among them. The schedule runs on P 0 of M 0.
func (s *symbols) recording(r *Run) (events []trace.Event, decisions []observe.Decision) {
	last := map[int]Event{} // the last point of each goroutine
	choices := choices{s: s, r: r, about: map[int]observe.Option{}}
	running := 0
	for i := range r.Story {
		e := &r.Story[i]
		if e.Op == explore.OpChoose {
			if out, ok := choices.choose(e, len(events)); ok {
				events = append(events, out)
			}
			continue
		}
		choices.see(e)
		out := trace.Event{Time: int64(e.Now), G: uint64(e.G), P: 0, M: 0}
		switch e.Op {
		case explore.OpBorn:
			out.Kind, out.G, out.Sub = trace.KGoCreate, uint64(running), uint8(trace.QLocal)
			out.A, out.B, out.C = uint64(e.G), e.fn, e.Obj
		case explore.OpRun:
			if running != 0 {
				yield := out
				yield.Kind, yield.G, yield.Sub = trace.KGoYield, uint64(running), uint8(trace.QLocal)
				events = append(events, yield)
			}
			out.Kind, out.Sub = trace.KGoStart, uint8(trace.QLocal)
			running = e.G
		case explore.OpPark:
			p := last[e.G]
			out.Kind, out.Sub, out.A = trace.KGoPark, uint8(parkReasons[p.Op]), p.Obj
			for _, pc := range p.pcs {
				if out.B = pc; !s.std(s.frame(pc, r.loaded).File) {
					break
				}
			}
			running = 0
		case explore.OpReady:
			out.Kind, out.G, out.A, out.Sub = trace.KGoReady, uint64(running), uint64(e.G), uint8(trace.QLocal)
		case explore.OpExit:
			out.Kind = trace.KGoExit
			running = 0
		case explore.OpTime:
			out.Kind, out.A = trace.KTimer, uint64(e.Now)
		case explore.OpAtomic, explore.OpLocked, explore.OpRing: // on the way to what it waits for
			continue
		default:
			last[e.G] = *e
			continue
		}
		events = append(events, out)
	}
	return events, choices.all
}

// writeRecording writes a schedule in weft's trace format, for weft trace and the page, and returns its decisions.
func (s *symbols) writeRecording(w io.Writer, r *Run) ([]observe.Decision, error) {
	events, decisions := s.recording(r)
	out := trace.NewWriter(w, func(pc uint64) trace.Symbol {
		at := s.frame(pc, r.loaded)
		return trace.Symbol{Func: at.Func, File: at.File, Line: at.Line}
	})
	return decisions, errors.Join(out.WriteEvents(events), out.Close())
}
