package main

import (
	"errors"
	"time"

	"github.com/weftgo/weft/internal/lab"
)

// busyRow is one peer's server under connections that all send one request after
// the other.
type busyRow struct {
	Peer  string `json:"peer"`
	Conns int    `json:"connections"`
	lab.Summary
	Err string `json:"error,omitempty"` // why it doesn't run here
}

// contender is a peer's server under load.
type contender struct {
	name    string
	server  *lab.Server
	crowd   *lab.Crowd
	costs   []lab.Cost
	refusal string
}

// measureBusy has all servers run at once and loads one after the other, round
// by round, so that they share the weather. source says how the split of CPU
// time was measured.
func measureBusy(o options, each func(busyRow)) (source string, err error) {
	for _, n := range o.busy {
		var rows []busyRow
		if rows, source, err = busyRound(o, n); err != nil {
			return "", err
		}
		for _, r := range rows {
			each(r)
		}
	}
	return source, nil
}

func busyRound(o options, n int) (rows []busyRow, source string, err error) {
	var all []*contender
	for _, name := range o.peers {
		c := &contender{name: name}
		all = append(all, c)
		defer func() { err = errors.Join(err, c.stop()) }()
		if err := c.start(o, n); err != nil {
			return nil, "", err
		}
	}
	for range o.rounds {
		for _, c := range all {
			if err := c.round(o.time); err != nil {
				return nil, "", err
			}
		}
	}
	for _, c := range all {
		rows = append(rows, c.row(n))
		if c.server != nil {
			source = c.server.Source()
		}
	}
	return rows, source, nil
}

func (c *contender) start(o options, n int) (err error) {
	c.server, err = lab.Start(childSpec{Peer: c.name, Procs: o.procs})
	if refusal := lab.Refusal(""); errors.As(err, &refusal) {
		c.refusal = string(refusal)
		return nil
	} else if err != nil {
		return err
	}
	if c.crowd, err = lab.Gather(c.server.Addr, n); err != nil {
		return err
	}
	_, err = c.crowd.Run(o.time) // reach a steady state
	return err
}

func (c *contender) stop() (err error) {
	if c.crowd != nil {
		err = c.crowd.Close()
	}
	if c.server != nil {
		err = errors.Join(err, c.server.Stop())
	}
	return err
}

func (c *contender) round(d time.Duration) error {
	if c.refusal != "" {
		return nil
	}
	cost, err := c.server.Measure(c.crowd, d)
	if err == nil {
		c.costs = append(c.costs, cost)
	}
	return err
}

func (c *contender) row(n int) busyRow {
	r := busyRow{Peer: c.name, Conns: n, Err: c.refusal}
	if r.Err != "" {
		return r
	}
	r.Summary = lab.Summarise(c.costs)
	return r
}
