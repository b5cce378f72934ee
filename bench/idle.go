package main

import (
	"errors"
	"fmt"

	"github.com/weftgo/weft/internal/lab"
)

// idleRow is what a keep-alive connection weighs in one peer's server between
// requests, after one request whose handler used deepKB of stack.
type idleRow struct {
	Peer  string `json:"peer"`
	Conns int    `json:"connections"`

	// Bytes a connection of heap and stacks, after the collector has shrunk and
	// freed all that it can; the same after its first run; resident memory.
	Bytes float64 `json:"bytes"`
	First float64 `json:"bytes_first"`
	RSS   float64 `json:"rss"`

	Err string `json:"error,omitempty"`
}

const deepKB = 64

func measureIdle(o options, each func(idleRow)) error {
	for _, n := range o.idle {
		for _, name := range o.peers {
			m, err := idleMemory(childSpec{Peer: name, Procs: o.procs, Deep: deepKB}, n)
			row, f := idleRow{Peer: name, Conns: n}, float64(n)
			if refusal := lab.Refusal(""); errors.As(err, &refusal) {
				row.Err = string(refusal)
			} else if err != nil {
				return fmt.Errorf("%s, %d idle: %w", name, n, err)
			}
			row.Bytes, row.First, row.RSS = float64(m.Settled)/f, float64(m.First)/f, float64(m.RSS)/f
			each(row)
		}
	}
	return nil
}

// idleMemory returns what n connections have added to a server's memory. A few
// were there before, so that what a first one brings along isn't counted.
func idleMemory(spec childSpec, n int) (m lab.Memory, err error) {
	s, err := lab.Start(spec)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	few, err := lab.Gather(s.Addr, 10)
	if err != nil {
		return m, err
	}
	defer few.Close()
	before, err := s.Memory()
	if err != nil {
		return m, err
	}
	crowd, err := lab.Gather(s.Addr, n)
	if err != nil {
		return m, err
	}
	defer crowd.Close()
	after, err := s.Memory()
	return after.Sub(before), err
}
