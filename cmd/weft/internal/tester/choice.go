package tester

import (
	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/trace"
)

// choices makes of a story the decisions in it, as it is read event by event.
type choices struct {
	s     *symbols
	r     *Run
	about map[int]observe.Option // what each goroutine does next
	all   []observe.Decision
	next  observe.Decision // whose options are being read
}

// see takes an event that says what its goroutine does next.
func (c *choices) see(e *Event) {
	o := observe.Option{G: uint64(e.G), State: observe.OptionPoint, Does: opWords[e.Op]}
	switch e.Op {
	case explore.OpBorn:
		o.State, o.Does = observe.OptionNew, ""
	case explore.OpReady: // goes on behind what it waited in
		o = c.about[e.G]
		o.G, o.State = uint64(e.G), observe.OptionReady
		c.about[e.G] = o
		return
	case explore.OpRun, explore.OpLocked, explore.OpPark, explore.OpExit, explore.OpTime, explore.OpRing:
		return
	}
	f, _ := c.s.user(e.pcs, c.r.loaded)
	if o.Std = f.File == "" || c.s.std(f.File); o.Std {
		f = c.s.library(e.pcs, c.r.loaded)
	}
	if f.File != "" {
		o.Place, o.Source = c.s.place(f), c.s.source(f)
	}
	c.about[e.G] = o
}

// choose takes an event of a decision. When that is whole it keeps it, as made where the recording has n events, and returns the event
// that tells of it; ok is false if more are to come.
func (c *choices) choose(e *Event, n int) (out trace.Event, ok bool) {
	step, taken, count := uint32(e.Obj), uint32(e.Obj>>explore.WireTaken&0xffff), int(e.Obj>>explore.WireCount)
	if d := &c.next; d.Step != step || len(d.Options) == count {
		*d = observe.Decision{Step: step, Taken: taken, I: n}
	}
	for i := 0; i < explore.WireOptions && i/2 < len(e.pcs) && len(c.next.Options) < count; i++ {
		g := int(uint32(e.pcs[i/2] >> (32 * (i % 2))))
		o := c.about[g]
		if o.G = uint64(g); g == 0 {
			o = observe.Option{State: observe.OptionTime}
		} else if g == e.G {
			o.Stays = true
		}
		c.next.Options = append(c.next.Options, o)
	}
	if len(c.next.Options) != count || int(taken) >= count {
		return out, false
	}
	c.all = append(c.all, c.next)
	return trace.Event{
		Kind: trace.KChoose, Time: int64(e.Now), G: uint64(e.G), Sub: uint8(taken),
		A: uint64(step), B: c.next.Options[taken].G, C: uint64(count),
	}, true
}
