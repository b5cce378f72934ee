package sched

import "errors"

// ErrWatched is returned by Wait while a Starter watches the side.
var ErrWatched = errors.New("weft: the descriptor is watched for somebody else")

// Watch is Wait without a coroutine: an event of the side, Evict or a deadline
// starts st. It returns false, and st is not started, if there is no need to
// wait: a system call is worth trying, or would fail. The caller is the side's
// only call in progress, and until st has started there must be no other. It
// does not park.
//
// No event is lost: publish tells, under mu, whether one came before (netpoll.go).
// What is waited for is declared first, as st may have run, and closed pd, by the
// time that publish returns.
func (pd *PollDesc) Watch(side Side, st *Starter) bool {
	pd.declare(side)
	parks, _ := pd.publish(side, &st.Waiter, st.begin(), 0)
	return parks
}
