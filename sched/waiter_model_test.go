//go:build weftmodel

package sched

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// The Waiter's protocol in every possible order: a coroutine that waits twice,
// the g0 that commits each of its parks, wakers (one of them late, as a timer
// that fires when its wait has long been over), one who looks at it (look.go) and the
// unwinder at the end of a runtime. The transitions, commit, claim, borrow and unwindClaim, are the real code's;
// each ends in one CAS or in a load that makes it fail, so each is one step.
// What stands around them in proc.go and unwind.go is written out here.
//
// Checked: nobody waits for ever; nobody is made runnable twice; each wait is
// ended once, and Park returns the outcome of who ended it.
//
// Found when broken (tried on a copy): commit or claim that ignores the ticket;
// claim that always or never tells of waiterParked; unwindClaim of a wait that
// is not parked; no second look at the gate in park0, or a look before the
// commit; a looker that does not queue whom it could not give back, or has no second
// look. Not seen, because it lies within a step: a store in place of a CAS.
type waiterModel struct {
	waits  int
	wakers [][]int // which waits each readies, in order
	unwind bool
	looks  int // how often somebody looks

	gp       G
	stk      stk       // gp's: the unwinder leaves a note there
	tickets  [2]Ticket // published
	asked    [2]bool   // of g0: commit this wait
	runnable int       // how often gp stands in a run queue
	stopping bool
	gate     bool
	wins     [2]int // 0: not ended; else outcome
	told     bool   // the unwinder has ended a wait
	unwound  bool   // gp has ended
	err      error
}

func (m *waiterModel) reset() {
	m.gp.state.Store(0)
	m.stk.errand = nil
	m.gp.stk = &m.stk
	m.tickets, m.asked, m.wins = [2]Ticket{}, [2]bool{}, [2]int{}
	m.runnable, m.stopping, m.gate, m.told, m.unwound, m.err = 0, false, false, false, false, nil
}

func (m *waiterModel) bodies() []func(*modelThread) {
	bodies := []func(*modelThread){m.owner}
	for k := range m.waits {
		bodies = append(bodies, func(th *modelThread) { m.g0(th, k) })
	}
	for i, waits := range m.wakers {
		bodies = append(bodies, func(th *modelThread) {
			for _, k := range waits {
				th.await(func() bool { return m.tickets[k] != 0 || m.unwound })
				m.ready(k, i+1)
			}
		})
	}
	if m.unwind {
		bodies = append(bodies, m.unwinder)
	}
	if m.looks > 0 {
		bodies = append(bodies, m.looker)
	}
	return bodies
}

// noTicket distinguishes the first wait's ticket, which is 0, from none.
const noTicket = 1

func (m *waiterModel) owner(th *modelThread) {
	for k := range m.waits {
		model()
		t := m.gp.Begin()
		m.tickets[k] = t | noTicket
		model()
		if m.gp.Pending(t) {
			model()
			if m.gate { // prepark
				model()
				if m.stopping {
					m.gp.claim(t, 0)
					break
				}
			}
			m.asked[k] = true
			th.await(func() bool { return m.runnable > 0 })
			m.runnable--
			if m.told { // postpark
				break
			}
		}
		if got := int(m.gp.state.Load() >> outcomeShift & outcomeMask); got != m.wins[k] {
			m.err = fmt.Errorf("wait %d returned outcome %d, but %d ended it", k, got, m.wins[k])
		}
	}
	m.unwound = true
}

// g0 is park0 of wait k.
func (m *waiterModel) g0(th *modelThread, k int) {
	th.await(func() bool { return m.asked[k] || m.unwound })
	if !m.asked[k] {
		return
	}
	m.publish(m.tickets[k] &^ noTicket)
}

// publish is park0's end, and giveBack.
func (m *waiterModel) publish(t Ticket) {
	if !m.gp.commit(t) {
		m.runnable++
		return
	}
	model()
	if !m.gate {
		return
	}
	model()
	if m.stopping {
		m.unwindClaim()
	}
}

func (m *waiterModel) unwindClaim() {
	if m.gp.unwindClaim() {
		m.told = true
		m.runnable++
	}
}

func (m *waiterModel) ready(k, outcome int) {
	if m.tickets[k] == 0 {
		return
	}
	ok, was := m.gp.claim(m.tickets[k]&^noTicket, outcome)
	parked := was != 0
	if ok {
		if m.wins[k] != 0 {
			m.err = fmt.Errorf("wait %d was ended twice", k)
		}
		m.wins[k] = outcome
	}
	if parked {
		m.runnable++
	}
}

func (m *waiterModel) looker(*modelThread) {
	for range m.looks {
		model()
		if t, ok := m.gp.borrow(); ok {
			model()
			m.publish(t)
		}
	}
}

// unwinder is beginUnwind.
func (m *waiterModel) unwinder(*modelThread) {
	model()
	m.stopping = true
	model()
	m.gate = true
	model()
	m.unwindClaim()
}

func (m *waiterModel) observe(i int, seen []byte) []byte { return m.state(seen) }

func (m *waiterModel) state(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, m.gp.state.Load())
	for k := range m.tickets {
		b = append(b, b2u(m.tickets[k] != 0), b2u(m.asked[k]), byte(m.wins[k]))
	}
	return append(b, byte(m.runnable), b2u(m.stopping), b2u(m.gate), b2u(m.told), b2u(m.unwound))
}

func (m *waiterModel) stepped() error {
	if m.runnable > 1 && m.err == nil {
		m.err = fmt.Errorf("made runnable twice")
	}
	return m.err
}

func (m *waiterModel) finished() error {
	if m.runnable != 0 {
		return fmt.Errorf("still runnable after its end")
	}
	return nil
}

func TestModelWaiter(t *testing.T) {
	for _, m := range []*waiterModel{
		{waits: 1, wakers: [][]int{{0}}},
		{waits: 1, wakers: [][]int{{0}, {0}}},
		{waits: 2, wakers: [][]int{{0, 1}, {0}}},
		{waits: 2, wakers: [][]int{{0, 1}, {1, 0}}},
		{waits: 1, unwind: true},
		{waits: 1, wakers: [][]int{{0}}, unwind: true},
		{waits: 2, wakers: [][]int{{0}}, unwind: true},
		{waits: 2, wakers: [][]int{{0, 1}}, unwind: true},
		{waits: 2, wakers: [][]int{{0, 1}, {0}}, looks: 2},
		{waits: 1, wakers: [][]int{{0}}, unwind: true, looks: 2},
		{waits: 2, wakers: [][]int{{0, 1}}, looks: 2},
	} {
		e := newExplorer(t, m)
		if err := e.explore(); err != nil {
			t.Fatalf("%d waits, wakers %v, unwind %t, looks %d: %v", m.waits, m.wakers, m.unwind, m.looks, err)
		}
		e.end()
		t.Logf("%d waits, wakers %v, unwind %t, looks %d: %.2g orders, %d states", m.waits, m.wakers, m.unwind, m.looks, e.orders, e.states)
	}
}
