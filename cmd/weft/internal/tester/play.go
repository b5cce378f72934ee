package tester

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/observe"
)

// Player runs one test under schedules that somebody names: by a token, or decision by decision.
//
// Its methods may be called by several goroutines at a time; one schedule runs at a time. (mu is held while it does.)
type Player struct {
	s    *session
	p    *pack
	mu   sync.Mutex
	host *Host
}

// Schedule is what came of one schedule.
type Schedule struct {
	Token     explore.Token
	Failed    string // the kind of failure, "" for none
	Report    string // what is to be said of it, in lines
	Repeat    string // the command that repeats it
	Recording []byte
	Decisions []observe.Decision
	Fixed     string // why nothing can be chosen in it, "" if it can

	run *Run
}

// Open builds the test that c.Replay or c.Run names, which must be one, and returns it with the token to begin with: c.Replay's, or that
// of the default schedule. The Player must be closed.
func Open(ctx context.Context, c Config) (*Player, explore.Token, error) {
	_, _, seed := explore.Plan(c.Strategy, c.Depth, c.Seed, 0)
	tok := explore.Token{Seed: seed, Slack: uint64(c.Limits.Slack.Microseconds()), RealTime: c.RealTime, RealNet: c.RealNet}
	if c.Replay != "" {
		var err error
		if tok, err = explore.ParseToken(c.Replay); err != nil {
			return nil, tok, fmt.Errorf("-replay: %v", err)
		}
		c.RealTime, c.RealNet = c.RealTime || tok.RealTime, c.RealNet || tok.RealNet
	}
	s, packs, err := newSession(ctx, c)
	if err != nil {
		return nil, tok, err
	}
	p := &Player{s: s}
	if tok.Test, err = p.find(ctx, packs, tok.Test); err != nil {
		p.Close()
		return nil, tok, err
	}
	return p, tok, nil
}

// find builds packages until it has found the test: name, or the only one that -run matches.
func (p *Player) find(ctx context.Context, packs []*pack, name string) (string, error) {
	var found []string
	for i, pack := range packs {
		if err := p.s.build(ctx, pack, i); err != nil {
			return "", err
		}
		h := NewHost(pack.bin)
		defer h.Close()
		tests, err := h.Tests()
		if err != nil {
			return "", err
		}
		if top, _, _ := strings.Cut(name, "/"); name == "" {
			tests = p.s.match.of(tests)
		} else if slices.Contains(tests, top) {
			tests = []string{name}
		} else {
			tests = nil
		}
		if found = append(found, tests...); len(tests) == 0 {
			continue
		}
		p.p, p.host = pack, NewHost(pack.bin)
		if name != "" {
			break
		}
	}
	switch {
	case len(found) == 1 || name != "" && len(found) > 0:
		return found[0], nil
	case name != "":
		return "", fmt.Errorf("-replay: the token is of %s, which is not in %s: name its package", name, strings.Join(p.s.Patterns, " "))
	case len(found) == 0:
		return "", p.s.noTests()
	}
	return "", fmt.Errorf("-view shows one test, and there are %d (%s): say which with -run '^%s$'", len(found),
		cutList(found, 6), found[0])
}

func cutList(all []string, most int) string {
	if len(all) > most {
		all = append(slices.Clone(all[:most]), "...")
	}
	return strings.Join(all, ", ")
}

// Close ends the test's process and removes what was built.
func (p *Player) Close() {
	if p.host != nil {
		p.host.Close()
	}
	p.s.close()
}

// Play runs the schedule of tok, which is of this test. An error says why it could not be run, not that it failed.
func (p *Player) Play(ctx context.Context, tok explore.Token) (*Schedule, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Also the default schedule is run behind itself, so that decisions have the same numbers in it as in those chosen from it.
	run, err := p.host.replay(ctx, tok, true)
	s := &Schedule{Token: tok}
	if err == nil && run.Unfit && len(tok.Devs) == 0 {
		s.Fixed = "the test fails under the default schedule already, which comes before every other: nothing can be chosen"
		run, err = p.host.replay(ctx, tok, false)
	}
	if err != nil {
		return nil, err
	}
	if run.Unfit {
		return nil, fmt.Errorf("%s fails under the default schedule already: see to that first", tok.Test)
	}
	s.run = run
	if f := run.Failure; f != nil {
		s.Failed = f.Kind
	}
	s.Repeat = p.s.repeat(tok, p.p)
	var b, rec bytes.Buffer
	p.report(&b, s)
	s.Report = b.String()
	s.Decisions, err = p.p.symbols.writeRecording(&rec, run)
	s.Recording = rec.Bytes()
	return s, err
}

// Choose runs the schedule that tok names up to decision step, where it takes option pick. Of what tok says of later decisions nothing
// holds, or if keep is set what can.
func (p *Player) Choose(ctx context.Context, tok explore.Token, step, pick uint32, keep bool) (*Schedule, error) {
	at, _ := slices.BinarySearchFunc(tok.Devs, step, func(d explore.Dev, step uint32) int { return cmp.Compare(d.Step, step) })
	devs := slices.Clone(tok.Devs[:at])
	if pick != 0 {
		devs = append(devs, explore.Dev{Step: step, Pick: pick})
	}
	if rest := tok.Devs[at:]; keep {
		if len(rest) > 0 && rest[0].Step == step {
			rest = rest[1:]
		}
		devs = append(devs, rest...)
	}
	tok.Devs = devs
	s, err := p.Play(ctx, tok)
	if err != nil || !s.run.Complete {
		return s, err
	}
	could := slices.DeleteFunc(slices.Clone(devs), func(d explore.Dev) bool { return !slices.Contains(s.run.Devs, d) })
	if len(could) == len(devs) {
		return s, nil
	}
	if at < len(devs) && pick != 0 && !slices.Contains(could, devs[at]) {
		return nil, fmt.Errorf("decision %d has no option %d when the test is run again: it is not repeatable", step, pick)
	}
	tok.Devs = could // what is left has been done
	return p.Play(ctx, tok)
}

// report says what came of a schedule.
func (p *Player) report(b *bytes.Buffer, s *Schedule) {
	run := s.run
	if run.Lost {
		fmt.Fprintln(b, "the program is not the one that the token is of: a decision in it has no such option here")
	}
	if run.Failure != nil {
		fmt.Fprintf(b, "--- FAIL: %s: %s: %s\n", s.Token.Test, run.Failure.Kind, kindWords[run.Failure.Kind])
		p.s.writeFailure(b, p.p, run)
	} else {
		p.p.symbols.writeUntamed(b, run.Untamed, run.loaded)
		fmt.Fprintf(b, "ok   %s: this schedule does not fail\n", s.Token.Test)
	}
	fmt.Fprintf(b, "  hash %016x, %d decisions\n", run.Hash, run.Steps)
}

// Tell writes of a schedule what weft test -replay was asked for.
func (p *Player) Tell(s *Schedule) error {
	if p.s.Verbose {
		p.p.symbols.writeDecisions(p.s.Out, s.run)
	}
	_, err := p.s.Out.Write([]byte(s.Report))
	if p.s.Trace != "" {
		err = errors.Join(err, os.WriteFile(p.s.Trace, s.Recording, 0o666))
	}
	return err
}
