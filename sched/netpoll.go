package sched

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// Waiting for descriptors.
//
// A descriptor that a runtime watches is a PollDesc. It has two sides, reading
// and writing, and each side has a token: token = 1 says that the next system
// call may find something. A call of one side (one at a time: the layer above
// sees to that) goes like this:
//
//	1. Idle?  The last call emptied the descriptor, and no event came: go to 4.
//	2. Arm    clears the token. Then comes the system call.
//	3. EAGAIN: go to 4. A short read (fewer bytes than asked for) emptied the
//	   descriptor: leave the token cleared. Any other result: More sets it.
//	4. Wait   parks until the token is set; go to 2.
//
// netpoll sets the token on each event of its side and takes the waiter.
//
// The token and whether somebody waits are one word, so no wake-up is lost
// between event and park: Wait publishes the waiter by a CAS from a state without
// the token, and netpoll sets the token by a CAS from a state without a waiter,
// or takes the waiter. And if netpoll finds the token set already, nobody waits
// for it, and whoever will clear it does so before his system call, which then
// sees what the event was about.
//
// An event that ends a Wait does not set the token as well: the system call that
// follows is the one it is for, so a Wait that returns nil counts as Arm. If the
// waiter had gone meanwhile (its claim fails) the event is delivered once more,
// to whoever is there then; if the coroutine is unwound instead of returning from
// Wait, Disturb makes up for the event that it took along (postpark).
//
//	state = seq<<5 | spins | starts | pauses | waits | token
//
// Each publishing has its own seq. Its w and ticket are stored before the CAS that
// publishes them and stand until the state has another seq or no waits: who loads
// them and then moves the state on by a CAS from what he saw has the right ones.
// Only the side's call in progress publishes; anyone may take.
//
// No event is missed by parking without a system call (step 1 after step 3).
// Say the last read was short, or said EAGAIN. Then at some moment m during
// that system call, after the token was cleared, the kernel's queue was empty.
// What can make the next read return something?
//
//   - Data, a connection or an error that came after m: that is a new edge, its
//     event is set free after the token was cleared, and sets it.
//   - The peer's end of stream or a reset that came before m, behind the last
//     byte: its event says Hangup or Failed and either comes later, and sets
//     the token, or came before; then it has set eager, for good. On an eager
//     descriptor step 1 always goes to 2.
//   - Out-of-band data stops a read at its mark although more follows. Its
//     event says Urgent before the data behind the mark can be read: eager.
//   - A read that failed or said end-of-stream leaves the socket so without a
//     further edge: that is why step 3 calls More for every other result.
//
// A short read means "empty" for stream sockets only. Callers that read
// datagrams or accept connections call More after every success: then only
// EAGAIN leaves the token cleared, and that says "empty" of every descriptor.
// When somebody else may have used the descriptor or changed its ways
// (SyscallConn, File), Disturb makes it eager.
//
// Deadlines are netpoll_deadline.go's. Stale events: the key of a registration
// is {slot, generation}; the table (netpoll_table.go) maps a slot to the PollDesc
// that has it now. An event with another key than that one's is of a closed
// descriptor, and is dropped. What opens and closes: netpoll_open.go.

// Side is a direction of a descriptor: each has its own waiter and deadline.
type Side uint8

// The sides.
const (
	Reading Side = iota
	Writing
)

// The ends of a wait for a descriptor.
const (
	fdReady = iota
	fdTimeout
	fdClosed
	fdEnded
)

// ErrFDClosed is returned by a PollDesc's methods after Evict.
var ErrFDClosed = errors.New("use of closed descriptor")

// ErrRuntimeEnded is returned for what belongs to a runtime that has ended.
var ErrRuntimeEnded = errors.New("weft: the runtime has ended")

// PollDesc is a descriptor that a runtime watches. There is one for each open
// connection, so its size counts: TestSizeOfAnOpenDescriptor.
type PollDesc struct {
	sched *Sched   // constant
	key   poll.Key // constant
	fd    int32    // constant
	flags atomic.Uint32
	sides [2]pollSide
}

// The flags; each is set once and stays.
const (
	pdEager  = 1 << iota // Idle is always false
	pdClosed             // Evict was called
	pdEnded              // the runtime has ended
)

type pollSide struct {
	state    atomic.Uint64          // see above
	w        atomic.Pointer[Waiter] // who waits, while sideWaits; then who did last
	ticket   atomic.Uint64          // w's
	deadline atomic.Int64           // on Now's scale, 0 for none
	armed    atomic.Int64           // the time of its entry in deadlines, 0: none. Written under deadlines.mu
}

// The flags of a side's state.
const (
	sideToken  = 1 << iota // cleared by the side's call in progress, set by anyone
	sideWaits              // w waits for the token,
	sidePauses             // or for a time, whatever comes
	sideStarts             // w is a Starter's
	sideSpins              // a call of the model busy waits: there is no w
	sideSeqOne
	sideFlags = sideSeqOne - 1
)

// String names the descriptor, as "fd 7".
func (pd *PollDesc) String() string { return "fd " + strconv.Itoa(int(pd.fd)) }

// Sched returns the runtime that pd was opened in.
func (pd *PollDesc) Sched() *Sched { return pd.sched }

// Begin says whether a call on a side may start: it returns ErrFDClosed,
// ErrRuntimeEnded, os.ErrDeadlineExceeded or nil. It does not park.
func (pd *PollDesc) Begin(side Side) error {
	if pd.flags.Load()&(pdClosed|pdEnded) != 0 {
		return pd.gone()
	}
	if d := pd.sides[side].deadline.Load(); d != 0 && pd.sched.passed(d) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (pd *PollDesc) gone() error {
	switch f := pd.flags.Load(); {
	case f&pdClosed != 0:
		return ErrFDClosed
	case f&pdEnded != 0:
		return ErrRuntimeEnded
	}
	return nil
}

// Parked reports whether a call waits on a side.
func (pd *PollDesc) Parked(side Side) bool {
	return pd.sides[side].state.Load()&(sideWaits|sideSpins) != 0
}

// Idle reports that a system call would find nothing: Wait first.
func (pd *PollDesc) Idle(side Side) bool {
	return pd.sides[side].state.Load()&sideToken == 0 && pd.flags.Load()&pdEager == 0
}

// Arm is called right before each system call.
func (pd *PollDesc) Arm(side Side) {
	if sd := &pd.sides[side]; sd.state.Load()&sideToken != 0 {
		sd.state.And(^uint64(sideToken))
	}
}

// More is called after a system call that may not have emptied the descriptor.
// The caller is the side's only call in progress.
func (pd *PollDesc) More(side Side) { pd.sides[side].state.Or(sideToken) }

// Disturb is called when somebody else has used the descriptor: nothing is
// known of it any more, and for ever after only EAGAIN counts as empty.
func (pd *PollDesc) Disturb() {
	pd.flags.Or(pdEager)
	for side := range pd.sides {
		for w, t := pd.signal(Side(side)); w != nil; w, t = pd.signal(Side(side)) {
			pd.sched.np.waiters.Add(-1)
			if w.Ready(t, fdReady) {
				break
			}
		}
	}
}

// Wait parks the caller until an event of that side, its deadline, Evict or the
// end of the runtime. It returns nil when a system call is worth trying, which
// may also be when there is nothing after all; the caller must try it, before it
// asks Idle or waits again. One caller a side at a time.
func (pd *PollDesc) Wait(side Side, why trace.Reason) error {
	return pd.wait(side, why, 0)
}

// Pause parks the caller for ns nanoseconds, whatever events come; a deadline,
// Evict and the end of the runtime end it early, with their errors.
func (pd *PollDesc) Pause(side Side, why trace.Reason, ns int64) error {
	for until := pd.sched.Now() + ns; ; {
		if err := pd.wait(side, why, until); err != os.ErrDeadlineExceeded {
			return err
		}
		if err := pd.Begin(side); err != nil || pd.sched.Now() >= until {
			return err
		}
	}
}

func (pd *PollDesc) wait(side Side, why trace.Reason, pause int64) error {
	if pause == 0 {
		switch pd.sched.np.model {
		case ioBusy:
			return pd.spin(side)
		case ioBlocks:
			return pd.block(side, why)
		}
	}
	w := Self()
	t := w.Begin()
	how := uint64(sideWaits)
	if pause != 0 {
		how |= sidePauses
	}
	if parks, err := pd.publish(side, w, t, how, pause); !parks {
		w.Release()
		return err
	}
	if pause == 0 {
		pd.declare(side)
	}
	outcome := w.Park(t, why, pd)
	w.Release()
	return waitError(outcome)
}

func waitError(outcome int) error {
	switch outcome {
	case fdTimeout:
		return os.ErrDeadlineExceeded
	case fdClosed:
		return ErrFDClosed
	case fdEnded:
		return ErrRuntimeEnded
	}
	return nil
}

// declare tells the poller what is waited for. An error can only mean that the
// poller or the descriptor is being closed, and that wakes us.
func (pd *PollDesc) declare(side Side) {
	want := poll.Readable | poll.Urgent
	if side == Writing {
		want = poll.Writable
	}
	pd.sched.np.poller.Modify(int(pd.fd), pd.key, want)
}

// publish makes w the side's waiter, until pause if that isn't 0, whatever
// happens before. If w need not park, it isn't published.
//
// The deadline and the flags are looked at after the CAS, and SetDeadline and
// evict store theirs before they look at the state: one of the two sees the other.
func (pd *PollDesc) publish(side Side, w *Waiter, t Ticket, how uint64, pause int64) (parks bool, err error) {
	sd := &pd.sides[side]
	s := sd.state.Load()
	if s&sideWaits != 0 { // a coroutine that was unwound while it waited, if not a Starter
		if s&sideStarts != 0 {
			return false, ErrWatched
		}
		pd.seize(side)
		s = sd.state.Load()
	}
	if sd.w.Load() != w {
		sd.w.Store(w)
	}
	storeRel64(&sd.ticket, uint64(t))
	pd.sched.np.waiters.Add(1)
	for {
		if s&sideToken != 0 && how&sidePauses == 0 {
			pd.sched.np.waiters.Add(-1)
			return false, nil
		}
		if sd.state.CompareAndSwap(s, s&^sideFlags+sideSeqOne|s&sideToken|how) {
			break
		}
		s = sd.state.Load()
	}
	if err = pd.gone(); err == nil {
		if pd.arm(side, pause) {
			return true, nil
		}
		err = os.ErrDeadlineExceeded
	}
	if w, _ := pd.seize(side); w == nil {
		return true, nil // who has taken it ends the wait
	}
	return false, err
}

// take takes the waiter that s, with sideWaits, tells of, and leaves the state
// at next. It returns nil if the state is not s any more. The caller must end the
// wait, and count it in waiters.
func (sd *pollSide) take(s, next uint64) (*Waiter, Ticket) {
	w, t := sd.w.Load(), Ticket(sd.ticket.Load())
	if !sd.state.CompareAndSwap(s, next) {
		return nil, 0
	}
	return w, t
}

// seize takes the side's waiter, nil if there is none. The caller must end its
// wait.
func (pd *PollDesc) seize(side Side) (w *Waiter, t Ticket) {
	sd := &pd.sides[side]
	for s := sd.state.Load(); s&sideWaits != 0; s = sd.state.Load() {
		if w, t = sd.take(s, s&^(sideFlags&^sideToken)); w != nil {
			pd.sched.np.waiters.Add(-1)
			break
		}
	}
	return w, t
}

// signal says that the side's next system call may find something. It takes the
// waiter if it waits for that: then the call it will make is that next one, and
// the token stays clear. Not for a Starter, whose fn is free to do what it likes.
// The caller must end the wait, signal again if it was ended by others, and count
// it in waiters.
func (pd *PollDesc) signal(side Side) (*Waiter, Ticket) {
	sd := &pd.sides[side]
	for {
		s := sd.state.Load()
		switch {
		case s&sideToken != 0:
			return nil, 0
		case s&(sideWaits|sidePauses) != sideWaits:
			if sd.state.CompareAndSwap(s, s|sideToken) {
				return nil, 0
			}
		default:
			next := s &^ sideFlags
			if s&sideStarts != 0 {
				next |= sideToken
			}
			if w, t := sd.take(s, next); w != nil {
				return w, t
			}
		}
	}
}

// Evict fails the calls that are parked and all later ones with ErrFDClosed.
// It is the first half of closing a descriptor; Close is the second, when no
// call is in progress any more.
func (pd *PollDesc) Evict() { pd.evict(pdClosed, fdClosed) }

func (pd *PollDesc) evict(flag uint32, outcome int) {
	pd.flags.Or(flag)
	for side := range pd.sides {
		if w, t := pd.seize(Side(side)); w != nil {
			w.Ready(t, outcome)
		}
	}
}

// netpoll asks which descriptors are ready and returns the coroutines that can
// go on; goroutines it wakes itself. It blocks for delay nanoseconds at most,
// for ever if delay is negative, not at all if it is 0. At most one M may be in
// a netpoll that blocks; one that doesn't returns at once if another is inside.
func (s *Sched) netpoll(delay int64) (list gList) {
	np := &s.np
	if !np.inited.Load() {
		return list
	}
	if delay != 0 {
		np.inside.Lock() // can be held only by one that doesn't block
	} else if !np.inside.TryLock() {
		return list
	}
	n, err := np.poller.Wait(np.events, delay)
	np.deliverAll(&list, np.events[:n])
	for n > 0 && delay < 0 && list.n == 0 && err == nil {
		// Only goroutines, or nobody, could go on: nothing for the caller. Let
		// Go run them on this thread's processor, and sleep again. A Wake comes
		// as n = 0.
		runtime.Gosched()
		n, err = np.poller.Wait(np.events, delay)
		np.deliverAll(&list, np.events[:n])
	}
	np.inside.Unlock()
	if err != nil && err != poll.ErrClosed {
		throw("netpoll: " + err.Error())
	}
	return list
}

// deliverAll hands the events to whom they concern.
func (np *netpoller) deliverAll(list *gList, events []poll.Event) {
	taken := int32(0)
	for i, ev := range events {
		np.foresee(events, i)
		taken += np.deliver(list, ev)
	}
	if taken != 0 {
		np.waiters.Add(-taken)
	}
}

// deliver hands one event to whom it concerns. It returns how many waiters it has
// taken.
func (np *netpoller) deliver(list *gList, ev poll.Event) (taken int32) {
	pd := np.find(ev.Key)
	if pd == nil {
		return 0
	}
	if ev.Ready&(poll.Hangup|poll.Failed|poll.Urgent) != 0 && pd.flags.Load()&pdEager == 0 {
		pd.flags.Or(pdEager) // before the token: see above
	}
	if ev.Ready&poll.Writable != 0 {
		taken = pd.deliver(list, Writing)
	}
	if ev.Ready&poll.Readable != 0 {
		taken += pd.deliver(list, Reading)
	}
	return taken
}

func (pd *PollDesc) deliver(list *gList, side Side) (taken int32) {
	for {
		w, t := pd.signal(side)
		if w == nil {
			return taken
		}
		taken++
		if ok, was := w.claim(t, fdReady); ok {
			list.ended(w, was)
			return taken
		}
	}
}

// ended sees to it that w, whose claim returned was, goes on.
func (l *gList) ended(w *Waiter, was uint64) {
	gp := w.g
	switch {
	case was == 0: // it has not parked yet, and will not
		return
	case gp == nil:
		w.native().wake()
		return
	case was&waiterStarts != 0:
		gp = w.starter().newproc()
	}
	if gp != nil {
		l.push(gp)
	}
}
