package sched

import "github.com/weftgo/weft/trace"

// What an M does when it has found nothing: give its P back, look once more,
// nap, sleep (sched.go, points 3 and 4).

// idle gives the P back and sleeps. It returns what to run, or nil and true to
// look again (with a P), or false when the runtime has ended.
//
// The order is what keeps a wake-up from being lost (sched.go, point 3): the P
// is on the idle list and the count of searchers is down *before* every source
// is looked at once more. Who adds work does the opposite: first the work, then
// a look at npidle and nmspinning.
func (mp *M) idle() (*G, trace.Queue, bool) {
	s := mp.sched
	s.lock.Lock()
	if s.dead {
		s.lock.Unlock()
		return nil, 0, false
	}
	if s.runq.n > 0 {
		s.lock.Unlock()
		gp := s.globrunqget(mp, mp.p, 0)
		if gp != nil {
			mp.found()
		}
		return gp, trace.QGlobal, true
	}
	pp := mp.releasep()
	s.pidleputLocked(pp)
	s.lock.Unlock()

	if mp.spinning {
		mp.stopSpinning()
		if pp := s.recheck(); pp != nil {
			mp.acquirep(pp)
			mp.spinning = true
			s.nmspinning.Add(1)
			return nil, 0, true
		}
	}
	if s.lastpoll.Load() != 0 && s.lastpoll.Swap(0) != 0 {
		return mp.sleepInPoller()
	}
	if !s.napping.Load() && s.anyNext() {
		s.breakPoller() // who sleeps there shall look after it
	}
	return nil, 0, mp.stopm()
}

// publishUntil tells who arms timers until when the poller's sleeper will sleep,
// and returns that, 0 for without limit. lastpoll is 0, and so is pollUntil before:
// who arms a timer before the look below is seen by it, who does so after the
// store compares with it, and who comes in between finds 0 and breaks the sleep
// (wakeForTimer).
func (s *Sched) publishUntil() int64 {
	next := s.nextTimer()
	model()
	s.pollUntil.Store(next)
	return next
}

// anyNext reports whether some P has a runnext.
func (s *Sched) anyNext() bool {
	for _, pp := range s.allp() {
		if pp.runnext.load() != nil {
			return true
		}
	}
	return false
}

func (s *Sched) isDead() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.dead
}

// recheck looks at every queue and timer, and gets an idle P if there is work.
// What stands in a runnext is too young to steal and doesn't count: see nap.
func (s *Sched) recheck() *P {
	work := s.runqsize.Load() > 0
	for _, pp := range s.allp() {
		if work {
			break
		}
		w := pp.timers.when0.Load()
		work = pp.runq.len() > 0 || pp.forks.pending() || (w != 0 && w <= s.Now())
	}
	if !work {
		return nil
	}
	return s.pidleget()
}

// sleepInPoller blocks in the poller until a descriptor is ready, a timer is
// due or somebody calls netpollBreak. At most one M does (lastpoll is 0).
func (mp *M) sleepInPoller() (*G, trace.Queue, bool) {
	s := mp.sched
	if s.isDead() { // after lastpoll: the break that tells of the end may be spent
		s.lastpoll.Store(1)
		return nil, 0, false
	}
	next := s.publishUntil()
	nap := mp.nap()
	s.napping.Store(nap != 0)
	slept, list := s.sleepUntil(next, nap)
	s.napping.Store(false) // and then look at everything, below
	s.pollUntil.Store(0)
	s.lastpoll.Store(max(s.Now(), 1))
	if s.isDead() {
		return nil, 0, false
	}
	pp := s.pidleget()
	if pp == nil {
		s.injectGlobal(&list, mp.id, trace.ByNetpoll)
		return nil, 0, mp.stopm()
	}
	mp.acquirep(pp)
	if list.n > 0 {
		mp.emit(trace.KNetpoll, 1, 0, uint64(list.n), uint64(slept), 0)
		count(&pp.stats.polls, 1)
		mp.injectReady(pp, &list)
		gp, _ := pp.runqget()
		return gp, trace.QNetpoll, true
	}
	// A timer, or a break because there is something to find.
	mp.spinning = true
	s.nmspinning.Add(1)
	return nil, 0, true
}

// A nap is a sleep in the poller that is cut short. While another P is busy, its
// coroutine readies others all the time, most of which it then runs itself; to
// wake a sleeping M for each costs microseconds and is mostly in vain, and so is
// stealing what takes less time than the theft. So an M that found nothing, or
// less than worthwhile, naps, and nobody wakes it (wakep), and looks again, each
// time after twice as long. What becomes runnable meanwhile waits at most as
// long as the M had been without work worth its while, and at most maxNap. After
// that it sleeps until it is woken. Descriptors and timers wake a napping M like
// any other.
//
// Nothing is lost: who adds work and sees napping does so before it is cleared,
// and the M looks at every queue after it has cleared it. It doesn't go to the
// long sleep while a runnext is taken, but goes on napping: whoever put it there
// may have relied on that, and may compute for long.
//
// (A waker's look at napping may pass its own plain store to the queue, in the
// processor. Then an M sleeps although there is work. The work is in the queue
// of the waker's own P, which runs it next if nobody steals it.)
const (
	firstNap = int64(50e3) // ns
	napCount = 6
	maxNap   = firstNap << (napCount - 1)

	worthwhile = int64(10e3) // ns of work after a search
)

func (mp *M) nap() int64 {
	s := mp.sched
	if s.virtual != nil || s.npidle.Load() >= s.procs.Load() {
		mp.naps = 0
		return 0
	}
	if mp.naps >= napCount {
		if s.anyNext() {
			return maxNap
		}
		mp.naps = 0
		return 0
	}
	if mp.foundAt != 0 && s.Now()-mp.foundAt > worthwhile {
		mp.naps = 0
	}
	mp.foundAt = 0
	mp.naps++
	return min(firstNap<<(mp.naps-1), maxNap)
}

// injectGlobal queues coroutines without a P, for M m or sysmon (-1): with
// whoever has one.
func (s *Sched) injectGlobal(l *gList, m int32, by trace.Cause) {
	if l.n == 0 {
		return
	}
	for gp := l.head; gp != nil; gp = gp.schedlink {
		gp.setStatus(Grunnable)
		if s.tracing() {
			s.rec.Shared().Emit(trace.KGoReady, uint8(trace.QGlobal), m, 0, gp.ID(), objAddr(gp.waitobj), uint64(by))
		}
	}
	s.globrunqputbatch(l)
	s.wakep()
}

// sleepUntil blocks until the time until (0: without limit), for nap nanoseconds
// (0: without limit), or until a wake-up.
func (s *Sched) sleepUntil(until, nap int64) (slept int64, list gList) {
	now := s.Now()
	delay := int64(-1)
	if until != 0 {
		delay = max(until-now, 0)
	}
	if nap != 0 && (delay < 0 || nap < delay) {
		delay = nap
	}
	s.nsleep.Add(1)
	if s.virtual != nil {
		if delay = -1; until != 0 && s.quiescent() {
			delay = 0
		}
	}
	s.checkIdle()
	if s.netpollinited() {
		list = s.netpoll(delay)
	} else {
		s.sleeper.sleep(delay)
	}
	if s.virtual != nil && delay == 0 && list.n == 0 && s.quiescent() {
		s.virtual.AdvanceTo(until)
	}
	s.nsleep.Add(-1)
	return s.Now() - now, list
}

// wakeForTimer sees to it that somebody is awake at when: the M that sleeps in
// the poller, if it would sleep longer, or a new one.
func (s *Sched) wakeForTimer(when int64) {
	model()
	if s.lastpoll.Load() == 0 {
		model()
		if until := s.pollUntil.Load(); until == 0 || until > when {
			s.breakPoller()
		}
		return
	}
	s.wakep()
}

// breakPoller ends the sleep of the M in the poller, now or at its next.
func (s *Sched) breakPoller() {
	if s.netpollinited() {
		s.netpollBreak()
	}
	s.sleeper.wake()
}

// nop gets a P for mp, which has none: an idle one, or it stops until it is
// given one. False: the runtime has ended (findRunnable sees that, too).
func (mp *M) nop() bool {
	s := mp.sched
	s.lock.Lock() // not pidleget: who has just queued work must see an idle P
	pp := s.pidlegetLocked()
	s.lock.Unlock()
	if pp != nil {
		mp.acquirep(pp)
		return true
	}
	return mp.stopm()
}
