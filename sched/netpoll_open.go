package sched

import (
	"sync"
	"sync/atomic"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/trace"
)

// netpoller is a runtime's view of its descriptors.
type netpoller struct {
	_       [64]byte     // waiters is written by every wait on every P, the others hardly ever
	waiters atomic.Int32 // sides that have a waiter
	_       [60]byte
	inited  atomic.Bool
	coarse  coarse

	once   sync.Once
	model  ioModel     // constant after once
	poller poll.Poller // constant after once; nil for a model without one
	err    error       // why the model can't be had

	// inside is held by the M that asks the poller. One at a time is enough: a
	// blocked one gets every event itself, so others would find nothing, and
	// pollers that pass the whole set need not be concurrent.
	inside Lock
	events []poll.Event

	pollTable
	deadlines deadlines

	calls blockingCalls // of the model blocking
	spins atomic.Uint32 // of the model busy
}

const netpollEvents = 128

// netpollinit makes the poller, if the model has one. An M that slept because there was none goes to
// sleep in it.
func (s *Sched) netpollinit() error {
	np := &s.np
	np.once.Do(func() {
		if np.modelinit(s); np.err != nil {
			return
		}
		np.pollTable.init()
		np.deadlines.init(s)
		if np.poller != nil {
			np.events = make([]poll.Event, netpollEvents)
			np.inited.Store(true)
			s.breakPoller()
		}
	})
	return np.err
}

// netpollinited reports whether there is a poller, to sleep in and to ask. It is
// made when the first descriptor is opened.
func (s *Sched) netpollinited() bool { return s.np.inited.Load() }

// netpollWaiters returns how many calls are waiting for descriptors.
func (s *Sched) netpollWaiters() int { return int(s.np.waiters.Load()) }

// OpenFD has s watch fd, which must be non-blocking and open until
// PollDesc.Close. The first call of a runtime makes its poller and returns the
// error if that can't be had.
func (s *Sched) OpenFD(fd int) (*PollDesc, error) {
	if err := s.netpollinit(); err != nil {
		return nil, err
	}
	pd := &PollDesc{sched: s, fd: int32(fd)}
	pd.More(Reading)
	pd.More(Writing)
	if !s.np.insert(pd) {
		return nil, ErrRuntimeEnded
	}
	if err := s.np.watch(pd); err != nil {
		s.np.remove(pd)
		if err == poll.ErrClosed {
			err = ErrRuntimeEnded
		}
		return nil, err
	}
	s.emitShared(trace.KFdOpen, 0, 0, uint64(fd), objAddr(pd), 0)
	return pd, nil
}

// Close ends the watching. The descriptor itself is the caller's to close, and
// must still be open. Evict must have been called, and every call be over.
func (pd *PollDesc) Close() {
	s := pd.sched
	s.np.unwatch(pd)
	s.np.remove(pd)
	s.emitShared(trace.KFdClose, 0, 0, uint64(pd.fd), objAddr(pd), 0)
	for side := range pd.sides {
		s.np.deadlines.drop(&pd.sides[side]) // nobody arms it again: add
	}
}

// netpollBreak makes the netpoll that blocks return, or else the next that
// would. It may be called from anywhere; several before that count as one.
func (s *Sched) netpollBreak() {
	if s.np.inited.Load() {
		s.np.poller.Wake()
	}
}

// netpollClose is called at the end of the runtime: every call in progress, and
// every later one, fails with ErrRuntimeEnded. The descriptors stay open; their
// owners close them.
func (s *Sched) netpollClose() {
	np := &s.np
	for pd := range np.end() {
		pd.evict(pdEnded, fdEnded)
	}
	if np.inited.Load() {
		np.poller.Close()
	}
	np.calls.end()
}
