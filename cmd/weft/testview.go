package main

import (
	"context"
	"errors"

	"github.com/weftgo/weft/cmd/weft/internal/tester"
	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/observe/lessons"
)

// viewed runs the schedule that the flags name, tells of it, and shows it on the page, with the default schedule beside it, until ctx
// ends. On the page others are chosen from it. It reports whether the schedule failed.
func (t *testRun) viewed(ctx context.Context, env *environ) (failed bool, err error) {
	p, tok, err := tester.Open(ctx, t.Config)
	if err != nil {
		return false, err
	}
	defer p.Close()
	s, err := p.Play(ctx, tok)
	if err != nil {
		return false, err
	}
	if err := p.Tell(s); err != nil {
		return false, err
	}
	name := "the default schedule"
	var beside []observe.Source
	if len(tok.Devs) > 0 {
		def := tok
		def.Devs = nil
		other, err := p.Play(ctx, def)
		if err != nil {
			return false, err
		}
		beside = append(beside, scheduleSource("other", name, other))
		name = "the schedule of the token"
	}
	srv := observe.New(observe.Options{Token: observe.NewToken(), Lessons: lessons.All(), Choose: chooser{p}},
		append([]observe.Source{scheduleSource("main", name, s)}, beside...)...)
	return s.Failed != "", t.view.serve(ctx, env, srv)
}

// chooser lets viewers run schedules that they choose.
type chooser struct{ p *tester.Player }

func (c chooser) Choose(ctx context.Context, token string, step, pick uint32, keep bool) (*observe.Schedule, error) {
	tok, err := explore.ParseToken(token)
	if err != nil {
		return nil, err
	}
	s, err := c.p.Choose(ctx, tok, step, pick, keep)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, errors.New("the schedule took too long")
	}
	if err != nil {
		return nil, err
	}
	return scheduleSource("", "chosen", s), nil
}

// scheduleSource is s for the page.
func scheduleSource(id, name string, s *tester.Schedule) *observe.Schedule {
	info := observe.Info{ID: id, Name: name, Host: "go", Kind: "test", Token: s.Token.String(), Command: s.Repeat, Failed: s.Failed}
	return &observe.Schedule{
		Recording: observe.Bytes(info, s.Recording), Decisions: s.Decisions, Report: s.Report, Fixed: s.Fixed,
	}
}
