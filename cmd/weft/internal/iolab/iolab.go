// Package iolab is the I/O lab of weft bench: one handler under every I/O model,
// a few busy connections among more and more idle ones. It shows what a model
// pays for connections that have nothing to say.
package iolab

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weftgo/weft/internal/lab"
	"github.com/weftgo/weft/poll"
)

// Options say what is run. Zero values are the lab's own.
type Options struct {
	Models []string      // nil: all that there are
	Idle   []int         // numbers of idle connections, rising
	Busy   int           // connections that send one request after the other
	Procs  int           // Ps of the server
	Rounds int           // of each point; models take turns
	Time   time.Duration // of a round
	Quick  bool          // a little of it, to see that it runs; the figures mean nothing
}

func (o Options) filled() Options {
	all := Options{
		Models: poll.Models(), Idle: []int{0, 100, 900, 2000, 5000, 9000}, Busy: 50, Procs: 2, Rounds: 3, Time: time.Second,
	}
	if o.Quick {
		all.Idle, all.Busy, all.Rounds, all.Time = []int{0, 1100}, 5, 1, 50*time.Millisecond
	}
	if o.Models == nil {
		o.Models = all.Models
	}
	if o.Idle == nil {
		o.Idle = all.Idle
	}
	o.Busy, o.Procs = cmp.Or(o.Busy, all.Busy), cmp.Or(o.Procs, all.Procs)
	o.Rounds, o.Time = cmp.Or(o.Rounds, all.Rounds), cmp.Or(o.Time, all.Time)
	return o
}

// Row is one model among one number of idle connections.
type Row struct {
	Model string `json:"model"`
	Idle  int    `json:"idle"`
	Busy  int    `json:"busy"`
	lab.Summary
	Err string `json:"error,omitempty"` // why this model can't serve so many, or at all
}

// Run measures and calls each with every Row as it is known. source says where
// the split of CPU time comes from.
func Run(o Options, each func(Row)) (source string, err error) {
	o = o.filled()
	for _, model := range o.Models {
		if !slices.Contains(poll.Models(), model) {
			return "", fmt.Errorf("no I/O model %q: choose from %v", model, poll.Models())
		}
	}
	for _, idle := range o.Idle {
		points := make([]point, len(o.Models))
		for range o.Rounds {
			for i, model := range o.Models {
				if err := points[i].round(o, model, idle); err != nil {
					return "", err
				}
			}
		}
		for i, model := range o.Models {
			each(points[i].row(o, model, idle))
			source = cmp.Or(points[i].source, source)
		}
	}
	return source, nil
}

// point gathers the rounds of one Row.
type point struct {
	costs   []lab.Cost
	refusal string
	source  string
}

// round measures once, in a server of its own. What the model refuses is noted,
// any other failure returned.
func (p *point) round(o Options, model string, idle int) (err error) {
	if p.refusal != "" {
		return nil
	}
	if p.refusal = tooMany(model, idle+o.Busy); p.refusal != "" {
		return nil
	}
	s, err := lab.Start(serverSpec{model, o.Procs})
	if refusal := lab.Refusal(""); errors.As(err, &refusal) {
		p.refusal = string(refusal)
		return nil
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	p.source = s.Source()
	cost, err := measure(s, idle, o.Busy, o.Time)
	if err == nil {
		p.costs = append(p.costs, cost)
		return nil
	}
	refusal, gone := s.Failure()
	if gone != nil || refusal == "" {
		return fmt.Errorf("%s among %d idle connections: %w", model, idle, errors.Join(err, gone))
	}
	p.refusal = refusal
	return nil
}

func measure(s *lab.Server, idle, busy int, d time.Duration) (cost lab.Cost, err error) {
	still, err := lab.Gather(s.Addr, idle)
	if err != nil {
		return cost, err
	}
	defer still.Close()
	crowd, err := lab.Gather(s.Addr, busy)
	if err != nil {
		return cost, err
	}
	defer crowd.Close()
	if _, err := crowd.Run(d / 10); err != nil { // reach a steady state
		return cost, err
	}
	return s.Measure(crowd, d)
}

func (p *point) row(o Options, model string, idle int) Row {
	r := Row{Model: model, Idle: idle, Busy: o.Busy, Err: p.refusal}
	if r.Err == "" {
		r.Summary = lab.Summarise(p.costs)
	}
	return r
}
