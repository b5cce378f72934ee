//go:build weftmodel

package sched

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// The M that goes to sleep in the poller, and others who arm and fire timers, in
// every possible order. publishUntil, nextTimer, wakeForTimer and the heaps are
// the real code's.
//
// Checked: who sleeps past an armed timer has been woken.
//
// Found when broken (tried on a copy): a publishUntil that looks and stores twice
// (a timer armed in between is compared with the first store), or a pollUntil left
// from the sleep before; lastpoll told after the look.
type timerModel struct {
	first int64   // armed when it begins, on the first P; 0: nothing is
	ops   [][]int // of each thread: fire the timers due at -op, or arm one for op
	s     *Sched
	until int64 // when the sleeper wakes by itself
	slept bool
}

func (m *timerModel) reset() {
	m.s = &Sched{}
	m.s.sleeper.init()
	m.s.lastpoll.Store(1)
	m.s.allps.Store(&[]*P{{}, {}})
	m.until, m.slept = 0, false
	if m.first != 0 {
		m.s.allp()[0].timers.add(&Timer{F: func(any, uint64) {}, when: m.first})
	}
}

func (m *timerModel) bodies() []func(*modelThread) {
	bodies := []func(*modelThread){m.sleeper}
	for i, ops := range m.ops {
		bodies = append(bodies, func(th *modelThread) {
			for _, op := range ops {
				model()
				if op < 0 {
					m.fire(-int64(op))
				} else {
					m.s.allp()[i%2].timers.add(&Timer{F: func(any, uint64) {}, when: int64(op)})
					m.s.wakeForTimer(int64(op))
				}
				th.opDone()
			}
		})
	}
	return bodies
}

// fire is timers.run without an M.
func (m *timerModel) fire(now int64) {
	for _, pp := range m.s.allp() {
		for ts := &pp.timers; len(ts.heap) > 0 && ts.heap[0].when <= now; {
			ts.removeLocked(0)
			ts.publishLocked()
		}
	}
}

// sleeper is sleepInPoller.
func (m *timerModel) sleeper(*modelThread) {
	model()
	m.s.lastpoll.Store(0)
	m.until = m.s.publishUntil()
	m.slept = true
}

func (m *timerModel) observe(i int, seen []byte) []byte { return m.state(seen) }

func (m *timerModel) state(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, uint64(m.s.lastpoll.Load()))
	b = le.AppendUint64(b, uint64(m.s.pollUntil.Load()))
	for _, pp := range m.s.allp() {
		b = append(b, byte(len(pp.timers.heap)))
		b = le.AppendUint64(b, uint64(pp.timers.when0.Load()))
	}
	return append(b, byte(len(m.s.sleeper.note)), b2u(m.slept), byte(m.until))
}

func (m *timerModel) stepped() error { return nil }

func (m *timerModel) finished() error {
	next := int64(0)
	for _, pp := range m.s.allp() { // nextTimer would take steps
		if w := pp.timers.when0.Load(); w != 0 && (next == 0 || w < next) {
			next = w
		}
	}
	if next != 0 && (m.until == 0 || m.until > next) && len(m.s.sleeper.note) == 0 {
		return fmt.Errorf("a timer is due at %d, but who sleeps until %d is not woken", next, m.until)
	}
	return nil
}

func TestModelTimerSleep(t *testing.T) {
	for _, m := range []*timerModel{
		{ops: [][]int{{10}}},
		{ops: [][]int{{20, 10}}},
		{first: 10, ops: [][]int{{-10, 20}}},
		{first: 10, ops: [][]int{{-10, 20}, {15}}},
		{first: 10, ops: [][]int{{-10, 20, -20, 30}}},
		{first: 20, ops: [][]int{{-20, 30}, {25}}},
	} {
		e := newExplorer(t, m)
		if err := e.explore(); err != nil {
			t.Fatalf("first %d, ops %v: %v", m.first, m.ops, err)
		}
		e.end()
		t.Logf("first %d, ops %v: %.2g orders, %d states", m.first, m.ops, e.orders, e.states)
	}
}
