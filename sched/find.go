package sched

import "github.com/weftgo/weft/trace"

// findRunnable finds a coroutine to run. It blocks until there is one, and
// returns nil when the runtime has ended. It returns with a P.
func (mp *M) findRunnable() (*G, trace.Queue) {
	for {
		mp.bury()
		if mp.p.dying.Load() && !mp.giveUpDying() {
			return nil, 0
		}
		if gp, from := mp.findNow(); gp != nil {
			mp.found()
			return gp, from
		}
		if gp, from, ok := mp.idle(); gp != nil || !ok {
			return gp, from
		}
	}
}

// findNow looks everywhere once, without giving the P back.
func (mp *M) findNow() (*G, trace.Queue) {
	s, pp := mp.sched, mp.p
	if gp := mp.nextg; gp != nil {
		mp.nextg = nil
		return gp, mp.nextq
	}
	if pp.timers.when0.Load() != 0 {
		pp.timers.run(s.Now(), mp)
	}
	if s.chooser != nil {
		return mp.choose(pp)
	}
	if pp.schedtick%61 == 0 {
		// Now and then first, or two coroutines that ready each other could
		// keep the global queue and the poller waiting for ever.
		if gp := s.globrunqget(mp, pp, 1); gp != nil {
			return gp, trace.QGlobal
		}
		if pp.schedtick%(61*8) == 0 && s.netpollWaiters() > 0 {
			mp.pollNow(pp)
		}
	}
	if gp, from := pp.runqget(); gp != nil {
		return gp, from
	}
	if gp := s.globrunqget(mp, pp, 0); gp != nil {
		return gp, trace.QGlobal
	}
	if s.netpollWaiters() > 0 && s.lastpoll.Load() != 0 {
		mp.pollNow(pp)
		if gp, _ := pp.runqget(); gp != nil {
			return gp, trace.QNetpoll
		}
	}
	// At most half as many searchers as busy Ps: on a busy machine with little
	// parallelism they would burn the time of those who work.
	if mp.spinning || 2*s.nmspinning.Load() < s.procs.Load()-s.npidle.Load() {
		if !mp.spinning {
			mp.spinning = true
			s.nmspinning.Add(1)
		}
		return mp.steal(pp)
	}
	return nil, 0
}

// pollNow asks the poller without blocking and queues who is ready.
func (mp *M) pollNow(pp *P) {
	s := mp.sched
	list := s.netpoll(0)
	if list.n == 0 {
		return
	}
	mp.emit(trace.KNetpoll, 0, 0, uint64(list.n), 0, 0)
	count(&pp.stats.polls, 1)
	mp.injectReady(pp, &list)
}

// injectReady queues coroutines that the poller or a timer found, and gets
// help if they are more than one M runs at once.
func (mp *M) injectReady(pp *P, l *gList) {
	n := l.n
	mp.polled = uint32(n)
	for gp := l.pop(); gp != nil; gp = l.pop() {
		gp.setStatus(Grunnable)
		if mp.sched.tracing() {
			mp.emitReady(gp, 0, trace.QLocal, trace.ByNetpoll)
		}
		mp.runqput(pp, gp, false)
	}
	if n > 1 {
		mp.sched.wakep()
	}
}

// found ends the search: if this was the last searcher another must search, for
// what is added from now on nobody would be woken otherwise.
func (mp *M) found() {
	if !mp.spinning {
		return
	}
	mp.foundAt = mp.sched.Now()
	mp.stopSpinning()
	mp.sched.wakep()
}

func (mp *M) stopSpinning() {
	mp.spinning = false
	if mp.sched.nmspinning.Add(-1) < 0 {
		throw("negative nmspinning")
	}
}

// steal looks at every other P, up to four times: half of its queue; in the
// last round its timers and its runnext too.
func (mp *M) steal(pp *P) (*G, trace.Queue) {
	s := mp.sched
	all := s.allp()
	for round := range 4 {
		last := round == 3
		start := pp.random(len(all))
		for i := range all {
			victim := all[(start+i)%len(all)]
			if victim == pp {
				continue
			}
			if gp := mp.stealFrom(pp, victim, last); gp != nil {
				return gp, trace.QSteal
			}
			if s.runqsize.Load() > 0 {
				if gp := s.globrunqget(mp, pp, 0); gp != nil {
					return gp, trace.QGlobal
				}
			}
		}
	}
	if gp := s.stealFork(mp, pp); gp != nil {
		return gp, trace.QSteal
	}
	return nil, 0
}

func (mp *M) stealFrom(pp, victim *P, last bool) *G {
	if last {
		if w := victim.timers.when0.Load(); w != 0 {
			if now := mp.sched.Now(); w <= now && victim.timers.run(now, mp) > 0 {
				if gp, _ := pp.runqget(); gp != nil {
					return gp
				}
			}
		}
	}
	gp, n := pp.runq.steal(&victim.runq)
	if gp == nil && last {
		gp, n = stealNext(victim), 1
	}
	if gp == nil {
		return nil
	}
	mp.polled = n
	count(&pp.stats.steals, 1)
	count(&pp.stats.stolen, uint64(n))
	mp.emit(trace.KSteal, 0, 0, uint64(victim.id), uint64(n), gp.ID())
	return gp
}

// stealNext takes victim's runnext, but not early: a coroutine that has just
// readied another is often about to park, and then its P runs that at once. So
// look, wait a few microseconds, and take it only if the same one is still
// there while the same coroutine runs.
func stealNext(victim *P) *G {
	if victim.runnext.load() == nil {
		return nil
	}
	seen := victim.word.Load() &^ modeMask
	for range 3000 {
		if victim.word.Load()&^modeMask != seen {
			return nil
		}
	}
	return victim.takeNext(seen)
}

// choose lets the Chooser pick among all that is runnable. One P, so nobody
// else takes from the queues.
func (mp *M) choose(pp *P) (*G, trace.Queue) {
	s := mp.sched
	if s.netpollWaiters() > 0 {
		mp.pollNow(pp)
	}
	var ready []*G
	s.lock.Lock()
	for gp := s.runq.pop(); gp != nil; gp = s.runq.pop() {
		ready = append(ready, gp)
	}
	s.runqsize.Store(0)
	s.lock.Unlock()
	for gp := pp.runq.get(); gp != nil; gp = pp.runq.get() {
		ready = append(ready, gp)
	}
	if gp := pp.runnext.load(); gp != nil {
		pp.runnext.store(nil)
		ready = append(ready, gp)
	}
	if len(ready) == 0 {
		return nil, 0
	}
	i := 0
	if len(ready) > 1 {
		i = s.chooser.Choose(ready)
	}
	gp := ready[i]
	s.lock.Lock()
	for j, other := range ready {
		if j != i {
			s.runq.push(other)
		}
	}
	s.runqsize.Store(int32(s.runq.n))
	s.lock.Unlock()
	return gp, trace.QLocal
}

// giveUpDying destroys mp's P, which procresize doesn't want, and waits for
// another. False: the runtime has ended.
func (mp *M) giveUpDying() bool {
	if mp.spinning {
		mp.stopSpinning()
	}
	if gp := mp.nextg; gp != nil {
		mp.nextg = nil
		mp.runqput(mp.p, gp, false)
	}
	mp.sched.pdestroy(mp.releasep())
	return mp.nop()
}
