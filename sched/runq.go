package sched

// The local run queue: a ring with one producer and many consumers, as the Go
// runtime's.
//
//   - Only the owner of the P, in runtime mode, puts: it writes the slot, then
//     releases tail. A consumer that acquires tail therefore sees the slot.
//   - Anyone takes: read head, read the slots, then CAS head forward. A slot is
//     written again only after tail has run a whole ring past it, which needs
//     head to have moved, which makes the CAS fail: what was read is dropped.
//   - head and tail are counted in 32 bits and never reset. A consumer whose
//     head comes round to the same number between its read and its CAS would
//     need 2^32 takes in between by others; it would hold a stale slot then.
//     The Go runtime accepts the same odds.
//   - head and tail are not read in one piece. If others take in between, tail
//     minus head can exceed what was ever in the queue; more than half a ring
//     for a grab (which takes at most half) says so, and it looks again. It
//     never looks smaller than it is to the owner, so the owner is never told
//     "empty" falsely; a thief may be, and looks at every P again before it sleeps.
//
// The hook model() is empty, except in the model checker's build, where it lets
// another thread take the next step (runq_model_test.go).
type runq struct {
	head counter32
	_    [60]byte
	tail counter32
	_    [60]byte
	slot [runqsize]gslot
}

// len returns how many are queued; exact for the owner when nobody steals.
func (q *runq) len() int {
	for {
		h := q.head.Load()
		t := q.tail.Load()
		if h == q.head.Load() {
			return int(t - h)
		}
	}
}

// put appends gp; false if q is full. Owner only.
func (q *runq) put(gp *G) bool {
	model()
	h := q.head.Load()
	t := q.tail.Load()
	if t-h >= runqsize {
		return false
	}
	model()
	q.slot[t%runqsize].store(gp)
	model()
	storeRel32(&q.tail, t+1)
	return true
}

// get takes the oldest, nil if q is empty. Owner only.
func (q *runq) get() *G {
	for {
		model()
		h := q.head.Load()
		if h == q.tail.Load() {
			return nil
		}
		gp := q.slot[h%runqsize].load()
		model()
		if q.head.CompareAndSwap(h, h+1) {
			return gp
		}
	}
}

// takeHalf moves half of a full q, the older half, to l. Owner only. False if
// others took some meanwhile, so that q isn't full any more.
func (q *runq) takeHalf(l *gList) bool {
	model()
	h := q.head.Load()
	t := q.tail.Load()
	n := t - h
	if n < runqsize {
		return false
	}
	var batch [runqsize / 2]*G
	for i := range uint32(runqsize / 2) {
		batch[i] = q.slot[(h+i)%runqsize].load()
	}
	model()
	if !q.head.CompareAndSwap(h, h+runqsize/2) {
		return false
	}
	for _, gp := range batch {
		l.push(gp)
	}
	return true
}

// steal moves half of victim's queue (one of one) to q, and returns the newest
// of them to be run at once, with the number taken. Called by the owner of q.
func (q *runq) steal(victim *runq) (gp *G, n uint32) {
	qt := q.tail.Load()
	if qh := q.head.Load(); qt-qh > runqsize/2 {
		return nil, 0 // no room for half a ring: the caller has plenty to run
	}
	for {
		model()
		h := victim.head.Load()
		model()
		t := victim.tail.Load()
		n = t - h
		n -= n / 2
		if n == 0 {
			return nil, 0
		}
		if n > runqsize/2 {
			continue // head and tail are from different moments
		}
		for i := range n {
			model()
			q.slot[(qt+i)%runqsize].store(victim.slot[(h+i)%runqsize].load())
		}
		model()
		if victim.head.CompareAndSwap(h, h+n) {
			break
		}
	}
	n--
	gp = q.slot[(qt+n)%runqsize].load()
	if n > 0 {
		model()
		storeRel32(&q.tail, qt+n)
	}
	return gp, n + 1
}
