package tester

import (
	"context"
	"fmt"

	"github.com/weftgo/weft/explore"
)

// checked is how many schedules -check runs twice.
const checked = 20

// check runs schedules twice, each time in a fresh process, and compares their hashes. It names what is not under control.
func (s *session) check(ctx context.Context, p *pack, name string, r explore.Range, res *Result) error {
	h := NewHost(p.bin)
	defer h.Close()
	n := min(checked, r.Count)
	step := max(r.Count/max(n, 1), 1)
	for i := range n {
		r := r
		r.First, r.Count = r.First+i*step, 1
		a, err := h.Again(ctx, r)
		if err != nil {
			return err
		}
		b, err := h.Again(ctx, r)
		if err != nil {
			return err
		}
		s.Progress(fmt.Sprintf("%s %s: %d of %d schedules run twice", p.ImportPath, name, i+1, n))
		if a.Hash == b.Hash && len(a.Untamed) == 0 && !a.Unfit {
			continue
		}
		if a.Hash != b.Hash {
			res.Failed, res.Kind, res.Schedule = true, "inexact", r.First
			fmt.Fprintf(s.Out, "--- FAIL: %s, schedule %d: run twice, it has hashes %016x and %016x\n", name, r.First, a.Hash, b.Hash)
		} else {
			fmt.Fprintf(s.Out, "     %s, schedule %d: one hash, %016x, but\n", name, r.First, a.Hash)
		}
		p.symbols.writeUntamed(s.Out, append(a.Untamed, b.Untamed...), a.loaded)
		for _, u := range a.Untamed {
			res.Untamed = append(res.Untamed, untamedWords[u.Kind])
		}
		break
	}
	s.Progress("")
	return nil
}

// Again runs schedule r.First in a fresh process, after the default schedule.
func (h *Host) Again(ctx context.Context, r explore.Range) (*Run, error) {
	fields := append([]string{"again", r.Test, text(r.Strategy), text(r.Depth), text(r.Seed), text(r.First)}, h.limits()...)
	return h.once(ctx, r.Test, fields)
}
