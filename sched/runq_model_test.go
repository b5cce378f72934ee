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
// get, takeHalf or steal; put without the check for a full ring; n not halved,
// or "n > runqsize/2" left out in steal; the newest given twice (tail published
// with n+1).

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

func (m *runqModel) visible(b []byte) []byte {
	for i := range m.q {
		b = append(b, byte(m.q[i].head.Load()-m.start), byte(m.q[i].tail.Load()-m.start))
	}
	return b
}

func (m *runqModel) state(b []byte) []byte {
	b = append(m.visible(b), byte(m.next))
	b = append(append(b, m.over...), 0xFF)
	for i := range m.q {
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
var modelStarts = []uint32{0, 3, 0xFFFFFFFE, 0xFFFFFFFF}

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
	t.Logf("%d programs, %.3g orders, %d states, %d runs", len(programs)*len(starts)*(runqsize+1), orders, states, runs)
}

// Every program of the owner with up to five operations, and a thief.
func TestModelRunqOneThiefAndEveryShortProgram(t *testing.T) {
	var programs [][]modelQueue
	for n := 1; n <= 5; n++ {
		for bits := range 1 << n {
			ops := make([]byte, n)
			for i := range ops {
				ops[i] = "PG"[bits>>i&1]
			}
			programs = append(programs, []modelQueue{{0, string(ops)}, {0, "SS"}})
		}
	}
	exploreRunq(t, programs, modelStarts)
}

// Longer programs, and a thief that also gets what it has stolen.
func TestModelRunqLongPrograms(t *testing.T) {
	exploreRunq(t, [][]modelQueue{
		{{0, "PPPPPPPP"}, {0, "SSS"}},
		{{0, "PPPPGGGG"}, {0, "SSS"}},
		{{0, "PGPGPGPG"}, {0, "SSS"}},
		{{0, "PPPPPGPP"}, {0, "SGSG"}},
	}, modelStarts)
}

// Two thieves of one queue.
func TestModelRunqTwoThieves(t *testing.T) {
	exploreRunq(t, [][]modelQueue{
		{{0, "PPGP"}, {0, "S"}, {0, "S"}},
		{{0, "PPPPP"}, {0, "S"}, {0, "S"}},
		{{0, "GPPGG"}, {0, "SS"}, {0, "S"}},
	}, modelStarts[:1])
}

// A thief whose queue another steals from, while it fills it.
func TestModelRunqThiefOfAThief(t *testing.T) {
	exploreRunq(t, [][]modelQueue{
		{{0, "PP"}, {0, "SG"}, {1, "S"}},
		{{0, "PG"}, {0, "SS"}, {1, "SS"}},
		{{0, "P"}, {0, "SGS"}, {1, "SG"}},
	}, modelStarts[1:3])
}
