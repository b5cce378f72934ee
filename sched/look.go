package sched

import "github.com/weftgo/weft/trace"

// Looking at coroutines that are parked, while the runtime runs.
//
// Who is parked is nobody's: whoever moves its Waiter to the next number may run
// it. A looker takes it back to where it was between Begin and the commit of its
// park. So while it is looked at it is as if it were about to park: a Ready that
// comes then ends the wait, as ever, but leaves the coroutine to who commits the
// park. That is the looker, whose commit fails and who queues it. No wake-up is
// lost, for the reason that park loses none (waiter.go, unwind.go): the looker
// commits, and looks whether the runtime is ending, as park0 does.
//
// Nothing of it is on the way of a park or of a Ready. The price is that one who is
// readied while he is looked at waits until the look is over, some microseconds, or
// as long as the looker's thread is kept from it. Under a Chooser or a
// virtual clock that would make another run of it; there nobody may look.
//
// Sched.looks: lookers come one after the other, and the deadlock report is one.
// Whoever has it has nothing borrowed but the coroutine that it looks at, so the
// runtime can be judged dead under it: nobody is missing.

// Parked tells of coroutines that are parked now: of the one with the number id,
// or, if that is 0, of the first limit in allgs. Each was parked at some moment of
// the call. It costs each about a microsecond in which it can't be resumed. false:
// this runtime's decisions are repeatable, which a look would spoil.
//
// It may be called from anywhere; it doesn't park.
func (s *Sched) Parked(id uint64, limit int) (parked []ParkedG, ok bool) {
	if s.chooser != nil || s.virtual != nil {
		return nil, false
	}
	done := make(chan struct{})
	go func() { // the caller may be locked to its thread, and could not switch to a stack
		defer close(done)
		parked = s.look(id, limit)
	}()
	<-done
	return parked, true
}

func (s *Sched) look(id uint64, limit int) (parked []ParkedG) {
	s.glock.Lock()
	slabs := s.allgs[:len(s.allgs):len(s.allgs)]
	s.glock.Unlock()
	s.looks.Lock()
	defer s.looks.Unlock()
	for _, slab := range slabs {
		for i := range slab {
			gp := &slab[i]
			if gp.Status() != Gwaiting || id != 0 && gp.ID() != id {
				continue
			}
			if len(parked) == limit {
				return parked
			}
			if p, ok := gp.look(); ok {
				parked = append(parked, p)
			}
		}
	}
	return parked
}

// look describes gp, if it is parked. The caller has Sched.looks.
func (gp *G) look() (p ParkedG, ok bool) {
	t, ok := gp.borrow()
	if ok {
		p = gp.describe()
		gp.giveBack(t)
	}
	return p, ok
}

// borrow takes gp, if it is parked, to where it was before the commit.
func (gp *G) borrow() (Ticket, bool) {
	for {
		w := gp.state.Load()
		if w&waiterParked == 0 {
			return 0, false
		}
		if gp.state.CompareAndSwap(w, w&^waiterParked) {
			return Ticket(w & waiterSeqMask), true
		}
	}
}

// giveBack commits the wait t of a borrowed gp, as park0 does, or queues gp if that
// has been ended.
func (gp *G) giveBack(t Ticket) {
	s := gp.sched
	if gp.commit(t) {
		s.unwindParked(gp)
		return
	}
	gp.setStatus(Grunnable)
	s.emitShared(trace.KGoReady, uint8(trace.QGlobal), 0, gp.ID(), objAddr(gp.waitobj), uint64(trace.ByEarly))
	s.globrunqput(gp)
	s.wakepNow()
}
