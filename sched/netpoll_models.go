package sched

import (
	"fmt"
	"runtime"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// Two models of I/O do without a poller. What is above the wait for a descriptor
// doesn't notice: the protocol of netpoll.go asks no more of a Wait than that it
// returns when a system call may be worth trying, and ends by deadline and Close.
//
//   - busy: Wait lets the others go first and returns. So its caller asks the
//     system, is told EAGAIN, and asks again, and again. Evict and deadlines are
//     seen at the next turn.
//   - blocking: Wait is a system call that blocks its thread until the descriptor
//     is ready. Before, the M hands its P to another (Block). Evict, deadlines
//     and the end of the runtime wake it through a descriptor of the call's own.
//
// Timers, goready and goroutines of the outside need no poller: the last idle M
// sleeps in the sleeper (sleeper.go).
//
// No wake-up of a blocking Wait is lost: it is published as any other.
// Who ends it claims its ticket first and then rings the bell;
// the Wait looks at the ticket before each system call, and a bell that was rung
// before the call ends it at once. A bell that rings late, for a wait that is
// over, ends a later system call once, whose ticket is looked at again.
type ioModel uint8

const (
	ioPolls ioModel = iota
	ioBusy
	ioBlocks
)

// maxBlocking is how many descriptors the model blocking takes. Each may block
// two threads, and a Go process ends when it needs more than 10,000.
const maxBlocking = 4000

// blockingLimit refuses a descriptor. Others may be closed: it is Temporary.
type blockingLimit int

func (e blockingLimit) Error() string {
	const text = "weft: the model blocking takes a thread for each call that waits, so at most %d descriptors: use poll or epoll"
	return fmt.Sprintf(text, int(e))
}

func (blockingLimit) Temporary() bool { return true }

// modelinit makes what the model needs.
func (np *netpoller) modelinit(s *Sched) {
	model := s.opts.IO
	if model == "" {
		model = poll.Default()
	}
	switch {
	case s.opts.Poller != nil:
		np.poller = s.opts.Poller
	case !poll.Pollerless(model):
		np.poller, np.err = poll.New(model)
	case s.virtual != nil:
		np.err = fmt.Errorf("weft: the model %s waits in real time, and this run has a virtual clock: use %s", model, "poll or epoll")
	case model == "busy":
		np.model = ioBusy
	default:
		np.model = ioBlocks
	}
}

// watch has the system watch fd for pd.
func (np *netpoller) watch(pd *PollDesc) error {
	if np.poller != nil {
		return np.poller.Add(int(pd.fd), pd.key)
	}
	if err := poll.Pollable(int(pd.fd)); err != nil || np.model == ioBusy {
		return err
	}
	return np.calls.reserve()
}

// unwatch ends what watch began. It fails only after the end of the runtime.
func (np *netpoller) unwatch(pd *PollDesc) {
	switch {
	case np.poller != nil:
		np.poller.Remove(int(pd.fd))
	case np.model == ioBlocks:
		np.calls.release()
	}
}

// spin is the Wait of busy.
func (pd *PollDesc) spin(side Side) error {
	sd := &pd.sides[side]
	sd.state.Or(sideSpins)
	defer sd.state.And(^uint64(sideSpins))
	Yield()
	if pd.sched.np.spins.Add(1)%16 == 0 {
		runtime.Gosched() // goroutines need the processor, too
	}
	err := pd.Begin(side)
	if err == nil {
		pd.More(side)
	}
	return err
}

// blockingCall is the Waiter of a thread that sits in a system call.
type blockingCall struct {
	nativeWaiter // its note is nil: it is woken by bell
	rt           *Sched
	next         *blockingCall // in blockingCalls.free
}

// blockingCalls are a runtime's.
type blockingCalls struct {
	mu     Lock
	free   *blockingCall
	nfree  int
	open   int // descriptors that are watched
	inside map[*blockingCall]struct{}
	ended  bool
}

// block is the Wait of blocking.
func (pd *PollDesc) block(side Side, why trace.Reason) error {
	calls := &pd.sched.np.calls
	c, err := calls.get()
	if err != nil {
		return err
	}
	defer calls.put(c) // also when the coroutine is unwound
	if gp := Getg(); gp != nil {
		c.rt = gp.sched
		gp.waitwhy, gp.waitobj = why, pd
		defer c.rt.np.calls.leave(c)
		c.rt.np.calls.enter(c)
	}
	t := c.Begin()
	if parks, err := pd.publish(side, &c.Waiter, t, sideWaits, 0); !parks {
		return err
	}
	parked := c.commit(t)
	Block(func() { c.sit(pd, side, t) })
	pd.seize(side)
	if ended, _ := c.claim(t, fdReady); !ended && parked {
		c.awaitRing()
	}
	if c.unwound() {
		pd.Disturb() // it may take an event along
		runtime.Goexit()
	}
	err = waitError(c.outcome())
	if err == nil {
		pd.More(side)
	}
	return err
}

// awaitRing returns when whoever ended the wait has rung. Only then may the bell
// be closed: its number can be that of another file a moment later.
func (c *blockingCall) awaitRing() {
	for !c.rung.CompareAndSwap(true, false) {
		runtime.Gosched()
	}
}

// sit blocks the thread until pd is ready, or the wait is ended.
func (c *blockingCall) sit(pd *PollDesc, side Side, t Ticket) {
	want := poll.Readable
	if side == Writing {
		want = poll.Writable
	}
	for c.Pending(t) && !c.unwound() && !c.bell.Block(int(pd.fd), want) {
	}
}

// unwound reports whether the caller is a coroutine that must end.
func (c *blockingCall) unwound() bool { return c.rt != nil && c.rt.stopping.Load() }

// reserve makes a bell for one more descriptor, so that its first Wait can't
// fail for want of one.
func (bc *blockingCalls) reserve() error {
	bc.mu.Lock()
	open := bc.open
	bc.open++
	bc.mu.Unlock()
	var c *blockingCall
	err := error(blockingLimit(maxBlocking))
	if open < maxBlocking {
		c, err = newBlockingCall()
	}
	if err != nil {
		bc.mu.Lock()
		bc.open--
		bc.mu.Unlock()
		return err
	}
	bc.put(c)
	return nil
}

// release gives a descriptor's bell back.
func (bc *blockingCalls) release() {
	bc.mu.Lock()
	bc.open--
	c := bc.popLocked()
	bc.mu.Unlock()
	if c != nil {
		c.bell.Close()
	}
}

func newBlockingCall() (*blockingCall, error) {
	bell, err := poll.NewBlocker()
	if err != nil {
		return nil, err
	}
	c := new(blockingCall)
	c.bell = bell
	return c, nil
}

// get takes a free call, or makes one for the second side of a descriptor.
func (bc *blockingCalls) get() (*blockingCall, error) {
	bc.mu.Lock()
	c := bc.popLocked()
	bc.mu.Unlock()
	if c != nil {
		return c, nil
	}
	return newBlockingCall()
}

func (bc *blockingCalls) popLocked() *blockingCall {
	c := bc.free
	if c != nil {
		bc.free, c.next = c.next, nil
		bc.nfree--
	}
	return c
}

// put keeps c for the next, if there are descriptors enough.
func (bc *blockingCalls) put(c *blockingCall) {
	c.rt = nil
	bc.mu.Lock()
	keep := !bc.ended && bc.nfree < bc.open
	if keep {
		c.next, bc.free = bc.free, c
		bc.nfree++
	}
	bc.mu.Unlock()
	if !keep {
		c.bell.Close()
	}
}

// enter and leave tell which coroutines of a runtime sit in system calls.
func (bc *blockingCalls) enter(c *blockingCall) {
	bc.mu.Lock()
	if bc.inside == nil {
		bc.inside = make(map[*blockingCall]struct{})
	}
	bc.inside[c] = struct{}{}
	bc.mu.Unlock()
}

func (bc *blockingCalls) leave(c *blockingCall) {
	bc.mu.Lock()
	delete(bc.inside, c)
	bc.mu.Unlock()
}

// wakeAll has every coroutine that sits in a system call look whether it must
// end. One that sets out later sees that by itself: stopping is set.
func (bc *blockingCalls) wakeAll() {
	bc.mu.Lock()
	defer bc.mu.Unlock()
	for c := range bc.inside {
		c.bell.Wake()
	}
}

// end frees what nobody uses any more.
func (bc *blockingCalls) end() {
	bc.mu.Lock()
	defer bc.mu.Unlock()
	bc.ended = true
	for c := bc.popLocked(); c != nil; c = bc.popLocked() {
		c.bell.Close()
	}
}
