package sched

import "github.com/weftgo/weft/poll"

// Deadlines of descriptors.
//
// SetDeadline stores the time and, if nobody is parked on that side, does
// nothing more. Wait publishes that it parks and then reads the deadline;
// SetDeadline stores the deadline and then reads whether somebody parks. One of
// the two sees the other, so Wait arms the new deadline or SetDeadline does, or
// both: arming for two times leaves the earlier.
//
// What is armed is an entry {time, key} in one heap a runtime, with one Timer
// for its first: 16 bytes for a parked call with a deadline, and nothing for
// one that isn't, or whose deadline has fired. A side has at most one entry
// that counts, the one whose time is armed. It is only ever moved forward in
// time by its own firing: one that is armed for an earlier time than the
// present deadline is left alone, fires for nothing, and then the side is armed
// anew. So a server that sets a later deadline before each read pays for a
// store, and for the heap once in as long as the deadline is away.
//
// An entry that doesn't count any more (the side was armed for an earlier time,
// or closed) is dead: it goes when its time comes, or when half of the heap is
// dead, or all of it. It holds no descriptor, only a key.
//
// No deadline is lost: fire takes an entry and clears armed, and then looks at
// the side; who publishes a waiter looks at armed after that. So he finds armed
// clear, and arms anew, or fire sees the waiter and wakes it or arms anew. A fire
// that is late finds no waiter, or one whose deadline has not come; tickets make
// the rest harmless (waiter.go).
type deadlines struct {
	table *pollTable // constant
	timer Timer      // its fields are set once; armed under mu

	mu   Lock
	heap []deadlineEntry
	dead int   // entries that don't count, or nearly: one may have come to count again
	due  int64 // when timer fires at the latest, 0: it isn't armed
}

type deadlineEntry struct {
	when int64
	key  poll.Key // and the side, as writingEntry
}

const writingEntry = poll.Key(1) << 63

func (d *deadlines) init(s *Sched) {
	d.table = &s.np.pollTable
	d.timer.F, d.timer.Arg = fireDeadlines, s
}

// SetDeadline sets when the calls of a side stop waiting, those in progress
// included, on Now's scale; 0 is never. It may be called from anywhere and does
// not park. Usually it is one store.
func (pd *PollDesc) SetDeadline(side Side, when int64) {
	sd := &pd.sides[side]
	if sd.deadline.Load() == when {
		return // who has set it has seen to all that follows
	}
	sd.deadline.Store(when)
	if sd.state.Load()&sideWaits != 0 {
		pd.deadlineChanged(side)
	}
}

// deadlineChanged arms what a parked call needs, or ends its wait. A pause is
// ended in any case: Pause looks what is left of it.
func (pd *PollDesc) deadlineChanged(side Side) {
	sd := &pd.sides[side]
	for s := sd.state.Load(); s&sideWaits != 0; s = sd.state.Load() {
		if s&sidePauses == 0 && pd.arm(side, 0) {
			return
		}
		if w, t := sd.take(s, s&^(sideFlags&^sideToken)); w != nil {
			pd.sched.np.waiters.Add(-1)
			w.Ready(t, fdTimeout)
			return
		}
	}
}

// arm sees to it that fire comes no later than the side's waiter must be woken:
// at its deadline or at until (0: no limit). It returns false if that is now.
func (pd *PollDesc) arm(side Side, until int64) bool {
	sd := &pd.sides[side]
	when := sd.deadline.Load()
	if until != 0 && (when == 0 || until < when) {
		when = until
	}
	if when == 0 {
		return true
	}
	if armed := sd.armed.Load(); armed != 0 && armed <= when {
		return true
	}
	if when <= pd.sched.Now() {
		return false
	}
	pd.sched.np.deadlines.add(pd, side, when)
	return true
}

// add arms a side for when, unless it is armed for an earlier time, or closed:
// armed is stored before the flags are looked at, and drop comes after pdClosed
// was set, so one of the two sees the other.
func (d *deadlines) add(pd *PollDesc, side Side, when int64) {
	sd, e := &pd.sides[side], deadlineEntry{when, pd.key}
	if side == Writing {
		e.key |= writingEntry
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if armed := sd.armed.Load(); armed != 0 && armed <= when {
		return
	}
	d.killLocked(sd)
	sd.armed.Store(when)
	if pd.flags.Load()&pdClosed != 0 {
		sd.armed.Store(0)
		return
	}
	d.pushLocked(e)
	if d.due == 0 || when < d.due {
		d.due = when
		d.timer.Reset(pd.sched, when, 0)
	}
}

// drop disarms sd, whose descriptor is closed and in the table no more. The last
// takes the timer with it: one that is armed for nothing would hide a deadlock.
func (d *deadlines) drop(sd *pollSide) {
	if sd.armed.Load() == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.killLocked(sd)
	if d.dead < len(d.heap) {
		return
	}
	if d.sweepLocked(); len(d.heap) == 0 {
		d.due = 0
		d.timer.Stop()
	}
}

// killLocked makes sd's entry, if it has one, not count.
func (d *deadlines) killLocked(sd *pollSide) {
	if sd.armed.Load() == 0 {
		return
	}
	sd.armed.Store(0)
	d.dead++
	if d.dead > 64 && d.dead > len(d.heap)/2 {
		d.sweepLocked()
	}
}

// sideOf returns the side that e counts for, nil if e is dead.
func (d *deadlines) sideOf(e deadlineEntry) (*PollDesc, Side) {
	side := Side(e.key >> 63)
	pd := d.table.find(e.key &^ writingEntry)
	if pd == nil || pd.sides[side].armed.Load() != e.when {
		return nil, side
	}
	return pd, side
}

// sweepLocked removes the dead entries.
func (d *deadlines) sweepLocked() {
	all := d.heap
	d.heap, d.dead = all[:0], 0
	for _, e := range all {
		if pd, _ := d.sideOf(e); pd != nil {
			d.pushLocked(e) // behind what is still to be read
		}
	}
}

// fireDeadlines is the timer's F.
func fireDeadlines(arg any, _ uint64) {
	s := arg.(*Sched)
	var due [32]pollSideRef
	for more := true; more; {
		n := 0
		n, more = s.np.deadlines.takeDue(s, due[:])
		for _, f := range due[:n] {
			f.pd.deadlineChanged(f.side)
		}
	}
}

type pollSideRef struct {
	pd   *PollDesc
	side Side
}

// takeDue disarms sides whose time has come, as many as due has room for, and
// sets the timer for the next.
func (d *deadlines) takeDue(s *Sched, due []pollSideRef) (n int, more bool) {
	now := s.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due = 0
	for len(d.heap) > 0 {
		if d.dead >= len(d.heap) { // nothing is left to fire for, or nearly
			d.sweepLocked()
			continue
		}
		if next := d.heap[0].when; next > now {
			d.due = next
			d.timer.Reset(s, next, 0)
			break
		}
		if n == len(due) {
			return n, true
		}
		pd, side := d.sideOf(d.popLocked())
		if pd == nil {
			d.dead--
			continue
		}
		pd.sides[side].armed.Store(0)
		due[n] = pollSideRef{pd, side}
		n++
	}
	return n, false
}

func (d *deadlines) pushLocked(e deadlineEntry) {
	d.heap = append(d.heap, e)
	h := d.heap
	i := len(h) - 1
	for i > 0 && h[(i-1)/2].when > e.when {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = e
}

func (d *deadlines) popLocked() deadlineEntry {
	h := d.heap
	first, last := h[0], len(h)-1
	e := h[last]
	h = h[:last]
	d.heap = h
	for i := 0; last > 0; {
		c := 2*i + 1
		if c+1 < last && h[c+1].when < h[c].when {
			c++
		}
		if c >= last || h[c].when >= e.when {
			h[i] = e
			break
		}
		h[i] = h[c]
		i = c
	}
	return first
}
