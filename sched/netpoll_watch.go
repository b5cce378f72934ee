package sched

import (
	"errors"

	"github.com/weftgo/weft/trace"
)

// ErrWatched is returned by Wait while a Starter watches the side.
var ErrWatched = errors.New("weft: the descriptor is watched for somebody else")

// Watch is Wait without a coroutine: an event of the side, Evict or a deadline
// starts st. It returns false, and st is not started, if there is no need to
// wait: a system call is worth trying, or would fail. The caller is the side's
// only call in progress, and until st has started there must be no other. It
// does not park.
//
// No event is lost: publish tells whether one came before (netpoll.go).
// What is waited for is declared first, as st may have run, and closed pd, by the
// time that publish returns.
//
// In a model without a poller nobody else can wait for an event: there a
// coroutine does, and then calls what st would have been started for.
func (pd *PollDesc) Watch(side Side, st *Starter) bool {
	if pd.sched.np.model != ioPolls {
		pd.sched.Newproc(func() {
			_ = pd.Wait(side, trace.WaitIORead+trace.Reason(side)) // what ended it, st's fn finds out
			st.fn()
		}, funcPC(st.fn))
		return true
	}
	pd.declare(side)
	parks, _ := pd.publish(side, &st.Waiter, st.begin(), sideWaits|sideStarts, 0)
	return parks
}
