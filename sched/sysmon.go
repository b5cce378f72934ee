package sched

import (
	"sync/atomic"
	"time"

	"github.com/weftgo/weft/trace"
)

// sysmon is the monitor: a goroutine without a P that
//
//   - takes the P of an M that has been in user mode for forcePreempt with the
//     same coroutine: it blocks natively or computes for long, which weft can't
//     tell apart and need not; the coroutine goes on, without a P;
//   - polls the network if nobody has for that long.
//
// (With a Chooser only after chosenPreempt: a run that is to repeat goes on
// without it unless it would not go on at all.)
//
// It can't make a coroutine stop. It looks every sysmonPeriod, so a P is stuck
// for less than forcePreempt + sysmonPeriod. When every P has been idle for a
// while it sleeps until one is taken from the idle list.
type sysmon struct {
	stop  chan struct{}
	note  chan struct{}
	deep  atomic.Bool // sleeps until note
	ended chan struct{}

	last []observed // by P; sysmon's own
}

type observed struct {
	word  uint64
	since int64
}

const (
	forcePreempt    = 10 * time.Millisecond
	chosenPreempt   = time.Second // under a Chooser: a late thread must not change the order
	sysmonPeriod    = 4 * time.Millisecond
	sysmonDeepAfter = 50 // idle periods before the deep sleep
)

func (s *Sched) startSysmon() {
	sm := &s.sysmon
	sm.stop = make(chan struct{})
	sm.note = make(chan struct{}, 1)
	sm.ended = make(chan struct{})
	s.sysmonRuns.Store(true)
	go s.sysmonMain()
}

func (s *Sched) stopSysmon() {
	if s.sysmon.stop != nil {
		close(s.sysmon.stop)
		<-s.sysmon.ended
		s.sysmon.stop = nil
	}
}

// wake ends the deep sleep. Whoever takes a P from the idle list calls it.
func (sm *sysmon) wake() {
	if sm.deep.Load() {
		select {
		case sm.note <- struct{}{}:
		default:
		}
	}
}

func (s *Sched) sysmonMain() {
	sm := &s.sysmon
	defer close(sm.ended)
	tick := time.NewTicker(sysmonPeriod)
	defer tick.Stop()
	idle := 0
	for {
		select {
		case <-sm.stop:
			return
		case <-tick.C:
		}
		if s.npidle.Load() < s.procs.Load() {
			idle = 0
			s.retake()
			s.pollOverdue()
			continue
		}
		if idle++; idle < sysmonDeepAfter {
			continue
		}
		tick.Stop()
		sm.deep.Store(true)
		// A P taken before the store is seen here, one taken after it wakes us.
		if s.npidle.Load() == s.procs.Load() {
			select {
			case <-sm.stop:
				return
			case <-sm.note:
			}
		}
		sm.deep.Store(false)
		idle = 0
		tick.Reset(sysmonPeriod)
	}
}

// retake takes Ps from Ms that have been in user mode for too long.
func (s *Sched) retake() {
	now := time.Since(epoch).Nanoseconds()
	sm := &s.sysmon
	limit := forcePreempt
	if s.chooser != nil {
		limit = chosenPreempt
	}
	all := s.allp()
	for len(sm.last) < len(all) {
		sm.last = append(sm.last, observed{})
	}
	for i, pp := range all {
		w := pp.word.Load() &^ modeMask // the same coroutine, in whichever mode
		if sm.last[i].word != w {
			sm.last[i] = observed{w, now}
			continue
		}
		stuck := now - sm.last[i].since
		if stuck < int64(limit) && !pp.dying.Load() {
			continue
		}
		owner := int32(w >> ownerShift)
		if !pp.retakeFrom(pp.word.Load()) {
			continue // in runtime mode right now, or idle: it is not stuck
		}
		s.retakes.Add(1)
		s.handoffs.Add(1)
		s.emitShared(trace.KRetake, 0, 0, uint64(pp.id), uint64(owner), uint64(stuck))
		s.handoffp(pp)
	}
}

// epoch: sysmon watches real time, whatever the runtime's clock says.
var epoch = time.Now()

// pollOverdue asks the poller when every M is too busy to.
func (s *Sched) pollOverdue() {
	last := s.lastpoll.Load()
	if last == 0 || s.netpollWaiters() == 0 || s.virtual != nil || s.Now()-last < int64(forcePreempt) {
		return
	}
	s.lastpoll.CompareAndSwap(last, max(s.Now(), 1))
	list := s.netpoll(0)
	if list.n == 0 {
		return
	}
	s.emitShared(trace.KNetpoll, 0, 0, uint64(list.n), 0, 0)
	s.injectGlobal(&list, -1, trace.BySysmon)
}
