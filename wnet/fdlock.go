package wnet

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// Who uses a descriptor.
//
//	state = references<<8 | queued | write lock | read lock | closed
//
// Each call in progress holds a reference; Read and Write also hold their
// side's lock, so that there is one reader and one writer at a time. Close sets
// the closed bit, which fails every later call and wakes every parked one, and
// drops a reference that it took with the bit. Whoever drops the last reference
// of a closed fd destroys it: until then nobody can be given its number.
//
// Waiting for a side's lock: the queue is guarded by mu, and queued is set under
// mu while it is not empty. A waiter sets the bit by a CAS from a state in which
// the lock is taken; its holder's unlock is a CAS of the same word, so it sees
// the bit and comes to wake the waiter, under mu and so after the waiter is in
// the queue. A waiter that was woken competes for the lock anew; if it goes away
// instead (fd was closed, or the coroutine is unwound) it wakes the next.
const (
	fdClosed    = 1 << 0
	fdReadLock  = 1 << 1 // << Side
	fdQueued    = 1 << 3
	fdReference = 1 << 8
)

// Close itself waits in the queue for the last reference to go, on a side of its
// own: it is there before it drops the reference that it took.
const closing sched.Side = 2

type lockWaiter struct {
	w    *sched.Waiter
	t    sched.Ticket
	side sched.Side
	next *lockWaiter
}

// lock takes a side's lock, and a reference. It parks while another has it.
func (fd *netFD) lock(side sched.Side) error {
	bit := uint64(fdReadLock) << side
	s := fd.state.Load()
	if s&(fdClosed|bit) == 0 && fd.state.CompareAndSwap(s, (s|bit)+fdReference) {
		return nil
	}
	return fd.lockSlow(side, bit)
}

// unlock gives the lock and the reference back.
func (fd *netFD) unlock(side sched.Side) {
	bit := uint64(fdReadLock) << side
	s := fd.state.Load()
	if s&(fdClosed|fdQueued) != 0 || !fd.state.CompareAndSwap(s, s-bit-fdReference) {
		fd.unlockSlow(side, bit)
	}
}

func (fd *netFD) lockSlow(side sched.Side, bit uint64) error {
	w := sched.Self()
	got := false
	defer func() {
		w.Release()
		if !got {
			fd.wakeNext(side)
		}
	}()
	for {
		var t sched.Ticket
		err, parks := error(nil), false
		fd.mu.Lock()
		for err == nil && !got && !parks {
			s := fd.state.Load()
			switch {
			case s&fdClosed != 0:
				err = net.ErrClosed
			case s&bit == 0:
				got = fd.state.CompareAndSwap(s, (s|bit)+fdReference)
			default:
				parks = fd.state.CompareAndSwap(s, s|fdQueued)
			}
		}
		if parks {
			t = w.Begin()
			fd.enqueueLocked(&lockWaiter{w: w, t: t, side: side})
		}
		fd.mu.Unlock()
		if !parks {
			return err
		}
		w.Park(t, trace.WaitIORead+trace.Reason(side), fd.pd)
	}
}

func (fd *netFD) enqueueLocked(lw *lockWaiter) {
	end := &fd.queue
	for *end != nil {
		end = &(*end).next
	}
	*end = lw
}

func (fd *netFD) unlockSlow(side sched.Side, bit uint64) {
	for {
		s := fd.state.Load()
		if fd.state.CompareAndSwap(s, s-bit) {
			break
		}
	}
	fd.wakeNext(side)
	fd.decref()
}

// wakeNext wakes the first who waits for side's lock and is still there.
func (fd *netFD) wakeNext(side sched.Side) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	for at := &fd.queue; *at != nil; {
		lw := *at
		if lw.side != side {
			at = &lw.next
			continue
		}
		*at = lw.next
		if lw.w.Ready(lw.t, 0) {
			break
		}
	}
	if fd.queue == nil {
		fd.state.And(^uint64(fdQueued))
	}
}

// incref is for calls that need fd to stay open but no side of it.
func (fd *netFD) incref() error {
	for {
		s := fd.state.Load()
		if s&fdClosed != 0 {
			return net.ErrClosed
		}
		if fd.state.CompareAndSwap(s, s+fdReference) {
			return nil
		}
	}
}

// decref drops a reference. It returns close's error if it was the last one.
func (fd *netFD) decref() error {
	if s := fd.state.Add(^uint64(fdReference - 1)); s&fdClosed != 0 && s < fdReference {
		return fd.destroy()
	}
	return nil
}

// close fails the calls in progress and every later one, and returns when the
// descriptor is closed: so its address is free again, and no call uses it.
func (fd *netFD) close() error {
	for {
		s := fd.state.Load()
		if s&fdClosed != 0 {
			return net.ErrClosed
		}
		if fd.state.CompareAndSwap(s, (s|fdClosed)+fdReference) {
			break
		}
	}
	w := sched.Self()
	defer w.Release()
	t := w.Begin()
	fd.mu.Lock()
	fd.enqueueLocked(&lockWaiter{w: w, t: t, side: closing})
	fd.mu.Unlock()
	fd.pd.Evict()
	fd.wakeNext(sched.Reading) // each that is woken so wakes the next
	fd.wakeNext(sched.Writing)
	err := fd.decref()
	w.Park(t, trace.WaitIOClose, fd.pd)
	return err
}

func (fd *netFD) destroy() error {
	fd.pd.Close()
	err := os.NewSyscallError("close", unix.Close(int(fd.sysfd)))
	fd.wakeNext(closing)
	return err
}
