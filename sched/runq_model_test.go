//go:build weftmodel

package sched

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The run queue's real code, in a ring of four, with its owner and thieves in
// every possible order. An operation of a thread is a letter:
//
//	P  put, and when full half of it to the overflow list, as M.runqput does
//	G  get from its own queue
//	S  steal from the victim's queue
//
// Checked, after every step or at the end of every order:
//
//   - every G that was put is in exactly one place: got, overflowed, or queued;
//   - a queue never holds more than its ring;
//   - each grab is of neighbours, and each consumer's grabs are in the order in
//     which they were put: the queue is first in, first out;
//   - "empty" is never false: at some moment of the call it was so.
//
// Breaking runq.go in any of these ways is found (tried on a copy): tail
// published before the slot is written; CAS of head replaced by a store, in
// get, takeHalf or steal; put that takes one too many; in steal, n not halved,
// "n > runqsize/2" left out, no look for room, tail read before head, the newest
// given twice (tail published with n+1).

const modelGs = 24

type modelQueue struct {
	victim int // whose queue S takes from
	ops    string
}

type runqModel struct {
	start  uint32 // of head and tail
	queued int    // in queue 0 at the start
	queues []modelQueue

	gs   [modelGs]G
	q    []runq
	next uint64   // G to put next
	line []byte   // what was put in queue 0's ring, in order
	over []byte   // overflowed
	got  [][]byte // by thread
	nope []bool   // victim was empty at some moment of the steal under way
	err  error

	coarse bool // observe everything
}

func newRunqModel(queues ...modelQueue) *runqModel {
	m := &runqModel{queues: queues, q: make([]runq, len(queues)), got: make([][]byte, len(queues)), nope: make([]bool, len(queues))}
	for i := range m.gs {
		m.gs[i].goid.Store(uint64(i))
	}
	return m
}

func (m *runqModel) reset() {
	m.next, m.line, m.over, m.err = 0, m.line[:0], m.over[:0], nil
	for i := range m.q {
		q := &m.q[i]
		q.head.Store(m.start)
		q.tail.Store(m.start)
		for k := range q.slot {
			q.slot[k].store(nil)
		}
		m.got[i], m.nope[i] = m.got[i][:0], false
	}
	q := &m.q[0]
	for range m.queued {
		q.slot[q.tail.Load()%runqsize].store(&m.gs[m.next])
		q.tail.Store(q.tail.Load() + 1)
		m.line = append(m.line, byte(m.next))
		m.next++
	}
}

func (m *runqModel) bodies() (bodies []func(*modelThread)) {
	for i := range m.queues {
		bodies = append(bodies, func(th *modelThread) {
			for _, op := range m.queues[i].ops {
				m.do(i, op)
				th.opDone()
			}
		})
	}
	return bodies
}

func (m *runqModel) do(i int, op rune) {
	q := &m.q[i]
	switch op {
	case 'P':
		m.put(q)
	case 'G':
		if gp := q.get(); gp != nil {
			m.got[i] = append(m.got[i], byte(gp.ID()))
		} else if q.head.Load() != q.tail.Load() {
			m.fail("queue %d has some, but its owner gets none", i)
		}
	case 'S':
		model() // steal reads its own queue first
		m.steal(i, q)
	}
}

// put is what runqput does, without the M.
func (m *runqModel) put(q *runq) {
	gp := &m.gs[m.next]
	m.next++
	for !q.put(gp) {
		var half gList
		if !q.takeHalf(&half) {
			continue
		}
		half.push(gp)
		for g := half.pop(); g != nil; g = half.pop() {
			m.over = append(m.over, byte(g.ID()))
		}
		return
	}
	m.line = append(m.line, byte(gp.ID()))
}

func (m *runqModel) steal(i int, q *runq) {
	victim := &m.q[m.queues[i].victim]
	m.nope[i] = victim.head.Load() == victim.tail.Load()
	room := q.tail.Load()-q.head.Load() <= runqsize/2
	gp, n := q.steal(victim)
	if gp == nil {
		if room && !m.nope[i] {
			m.fail("queue %d was never empty, but a thief found it so", m.queues[i].victim)
		}
		m.nope[i] = false
		return
	}
	m.nope[i] = false
	m.got[i] = append(m.got[i], byte(gp.ID()))
	if m.queues[i].victim == 0 && len(m.queues) == 2 {
		m.checkGrab(q, gp, n)
	}
}

// checkGrab: the n-1 newest in q and then gp are neighbours.
func (m *runqModel) checkGrab(q *runq, gp *G, n uint32) {
	at := slices.Index(m.line, byte(gp.ID()))
	for k := uint32(1); k < n; k++ {
		id := byte(q.slot[(q.tail.Load()-k)%runqsize].load().ID())
		if at < int(k) || m.line[at-int(k)] != id {
			m.fail("a thief took %d out of turn before %d; put were %v", id, gp.ID(), m.line)
			return
		}
	}
}

func (m *runqModel) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

// observe adds what the next step of thread i can see and act on. Coarsely, that
// is where every queue begins and ends. But then hardly two orders lead to the
// same state, so it is told here what steal looks at when, and whether that is
// right is a test of its own.
func (m *runqModel) observe(i int, seen []byte) []byte {
	own, victim := &m.q[i], &m.q[m.queues[i].victim]
	switch {
	case m.coarse:
		for k := range m.q {
			seen = append(seen, m.rel(&m.q[k].head), m.rel(&m.q[k].tail))
		}
		return seen
	case own == victim || len(seen) == 0: // an owner; or steal asks whether there is room
		return append(seen, m.rel(&own.head))
	}
	const nothing = 0xFF
	for loop := seen[1:]; ; {
		if len(loop) == 0 {
			return append(seen, m.rel(&victim.head))
		} else if len(loop) == 1 {
			return append(seen, m.rel(&victim.tail))
		}
		n := int(loop[1] - loop[0])
		n -= n / 2
		again := 2
		if n <= runqsize/2 {
			again += n + 1
			if len(loop) < 2+n || len(loop) > 2+n && loop[2+n] == loop[0] {
				return append(seen, nothing) // copies; or has moved head
			} else if len(loop) == 2+n {
				return append(seen, m.rel(&victim.head)) // CAS
			}
		}
		loop = loop[again:]
	}
}

func (m *runqModel) rel(c *counter32) byte { return byte(c.Load() - m.start) }

func (m *runqModel) state(b []byte) []byte {
	b = append(append(b, m.over...), 0xFF, byte(m.next))
	for i := range m.q {
		b = append(b, m.rel(&m.q[i].head), m.rel(&m.q[i].tail))
		for k := range m.q[i].slot {
			id := byte(0xFE)
			if gp := m.q[i].slot[k].load(); gp != nil {
				id = byte(gp.ID())
			}
			b = append(b, id)
		}
		b = append(append(b, m.got[i]...), 0xFF, b2u(m.nope[i]))
	}
	return b
}

func (m *runqModel) stepped() error {
	for i := range m.q {
		q := &m.q[i]
		if n := q.tail.Load() - q.head.Load(); n > runqsize {
			m.fail("queue %d holds %d", i, n)
		} else if n == 0 {
			for k := range m.queues {
				m.nope[k] = m.nope[k] || m.queues[k].victim == i
			}
		}
	}
	return m.err
}

func (m *runqModel) finished() error {
	var places [modelGs]int
	count := func(ids []byte) {
		for _, id := range ids {
			places[id]++
		}
	}
	count(m.over)
	for i := range m.q {
		count(m.got[i])
		if !ascending(m.got[i]) && m.ordered(i) {
			return fmt.Errorf("thread %d got %v", i, m.got[i])
		}
		q := &m.q[i]
		for h := q.head.Load(); h != q.tail.Load(); h++ {
			places[q.slot[h%runqsize].load().ID()]++
		}
	}
	for id, n := range places {
		if want := int(b2u(uint64(id) < m.next)); n != want {
			return fmt.Errorf("g%d is in %d places: overflowed %v, got %v", id, n, m.over, m.got)
		}
	}
	return nil
}

// ordered reports whether thread i must get ascending ids: one that steals and
// then gets what it stole gets the newest first.
func (m *runqModel) ordered(i int) bool {
	ops := m.queues[i].ops
	return m.queues[i].victim == 0 && !(strings.Contains(ops, "S") && strings.Contains(ops, "G"))
}

func ascending(ids []byte) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i] <= ids[i-1] {
			return false
		}
	}
	return true
}

// modelStarts are values of head and tail: plain ones and those before the
// counters wrap.
var modelStarts = []uint32{0, 0xFFFFFFFE}

func exploreRunq(t *testing.T, programs [][]modelQueue, starts []uint32) {
	var orders float64
	var states, runs int
	for _, queues := range programs {
		m := newRunqModel(queues...)
		e := newExplorer(t, m)
		for _, m.start = range starts {
			for m.queued = range runqsize + 1 {
				if err := e.explore(); err != nil {
					t.Fatalf("%v from %#x with %d queued: %v", queues, m.start, m.queued, err)
				}
			}
		}
		e.end()
		orders += e.orders
		states += e.states
		runs += e.runs
	}
	t.Logf("%d programs, %.2g orders, %d states, %d runs", len(programs)*len(starts)*(runqsize+1), orders, states, runs)
}

// ownerPrograms returns all programs of n operations.
func ownerPrograms(n int) (all []string) {
	for bits := range 1 << n {
		ops := make([]byte, n)
		for i := range ops {
			ops[i] = "PG"[bits>>i&1]
		}
		all = append(all, string(ops))
	}
	return all
}

func TestModelRunqOneThief(t *testing.T) {
	var programs [][]modelQueue
	for _, ops := range ownerPrograms(6) {
		programs = append(programs, []modelQueue{{0, ops}, {0, "SS"}})
	}
	exploreRunq(t, programs, modelStarts)
	exploreRunq(t, [][]modelQueue{
		{{0, "PPPPPPPP"}, {0, "SSSS"}},
		{{0, "PPPPGGGG"}, {0, "SSSS"}},
		{{0, "PGPGPGPG"}, {0, "SSSS"}},
	}, modelStarts[1:])
}

func TestModelRunqThiefThatRunsWhatItStole(t *testing.T) {
	var programs [][]modelQueue
	for _, ops := range ownerPrograms(4) {
		programs = append(programs, []modelQueue{{0, ops}, {0, "SGSG"}}, []modelQueue{{0, ops}, {0, "SSGG"}})
	}
	exploreRunq(t, programs, modelStarts)
}

func TestModelRunqTwoThieves(t *testing.T) {
	var programs [][]modelQueue
	for _, ops := range ownerPrograms(3) {
		programs = append(programs, []modelQueue{{0, ops}, {0, "S"}, {0, "S"}})
	}
	programs = append(programs, []modelQueue{{0, "PPPP"}, {0, "SS"}, {0, "S"}}, []modelQueue{{0, "GPG"}, {0, "SS"}, {0, "S"}})
	exploreRunq(t, programs, modelStarts[1:])
}

// Another thief steals from a thief's queue while that fills it.
func TestModelRunqThiefOfAThief(t *testing.T) {
	var programs [][]modelQueue
	for _, ops := range ownerPrograms(3) {
		programs = append(programs, []modelQueue{{0, ops}, {0, "SS"}, {1, "S"}}, []modelQueue{{0, ops}, {0, "SG"}, {1, "SG"}})
	}
	exploreRunq(t, programs, modelStarts[1:])
}

// What observe leaves out makes no difference: as many orders are found as
// when it leaves out nothing.
func TestModelRunqStatesAreTellingEnough(t *testing.T) {
	for _, queues := range [][]modelQueue{
		{{0, "PPGP"}, {0, "SS"}},
		{{0, "PPPPP"}, {0, "S"}},
		{{0, "PG"}, {0, "SGS"}},
		{{0, "PP"}, {0, "SG"}, {1, "S"}},
		{{0, "G"}, {0, "SS"}, {0, "S"}},
	} {
		m := newRunqModel(queues...)
		m.start = 0xFFFFFFFE
		for m.queued = range runqsize + 1 {
			var orders [2]float64
			for i := range orders {
				m.coarse = i == 1
				e := newExplorer(t, m)
				if err := e.explore(); err != nil {
					t.Fatal(err)
				}
				orders[i] = e.orders
				e.end()
			}
			if orders[0] != orders[1] {
				t.Errorf("%v with %d queued: %v orders, %v if everything is told", queues, m.queued, orders[0], orders[1])
			}
		}
	}
}
