package sched

// globq is the global queue's store, first in, first out; guarded by
// Sched.lock. It is a chain of arrays and not one through the Gs themselves: a
// G that has waited long is in no cache any more, and whoever moves a hundred
// of them under the lock should touch none.
type globq struct {
	n          int
	head, tail *gchunk
	h, t       int // next to take in head, next free in tail
	spare      *gchunk
}

type gchunk struct {
	next *gchunk
	g    [255]*G
}

func (q *globq) push(gp *G) {
	if q.tail == nil || q.t == len(q.tail.g) {
		q.grow()
	}
	q.tail.g[q.t] = gp
	q.t++
	q.n++
}

func (q *globq) grow() {
	c := q.spare
	if c != nil {
		q.spare, c.next = c.next, nil
	} else {
		c = new(gchunk)
	}
	if q.tail == nil {
		q.head, q.h = c, 0
	} else {
		q.tail.next = c
	}
	q.tail, q.t = c, 0
}

// pop takes the oldest, nil if there is none.
func (q *globq) pop() *G {
	if q.n == 0 {
		return nil
	}
	if q.h == len(q.head.g) {
		c := q.head
		q.head, q.h = c.next, 0
		c.next, q.spare = q.spare, c
	}
	gp := q.head.g[q.h]
	q.h++
	q.n--
	return gp
}

// append moves all of l to the end.
func (q *globq) append(l *gList) {
	for gp := l.pop(); gp != nil; gp = l.pop() {
		q.push(gp)
	}
}
