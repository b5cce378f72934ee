package poll

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// uring registers a descriptor once, by a request for its events that goes on
// until it is cancelled (a multishot poll), edge-triggered. Events stand in
// memory that the kernel shares: a Wait that finds some there makes no system
// call at all.
//
// Requests belong to the thread that made them: that thread notes each event, at
// its next way out of the kernel, or woken for it. So events can come a little
// later than the system call that caused them; and a request whose thread has
// gone ends. The kernel also ends one for which it has no room to note an event.
// Whatever is ended, and not by Remove, is asked for again, and that begins by
// telling what is so: nothing is missed.
//
// With data the kernel says Urgent, too, true or not: it passes on what the
// socket's wake-up may be about. So nobody can rely on its absence.
//
// A request's userData is {descriptor, generation}. Results of one that is not
// the descriptor's last are stale and dropped.
//
// While a request lasts the kernel holds the file. So Remove cancels it and
// tries again until there is nothing to cancel. The kernel takes the request out
// of its table and lets go of the file under one lock, which the cancelling
// takes too, so the file is free then.
//
// Wake sets woken; then, if a Wait blocks, it submits a request that does
// nothing, whose result ends that. A Wait says that it blocks and then looks at
// woken: one of the two sees the other. A result that comes when nobody blocks
// any more ends the next blocking system call, which is made again.
//
// use is held for reading by whoever uses the ring, and for writing by Close.
type uring struct {
	use    sync.RWMutex
	ring   *ring
	closed atomic.Bool
	woken  atomic.Bool // a Wake that no Wait has taken
	blocks atomic.Bool // a Wait is in the kernel, or about to be

	mu   sync.Mutex // guards what follows, and ring.submit
	regs []uringReg // by descriptor

	ended []uint64 // requests to be made again; Wait's alone
}

// uringReg is what is known of a descriptor.
type uringReg struct {
	key        Key
	generation uint32
	registered bool
}

const (
	uringRequests   = 1 // each is submitted at once
	uringResults    = 4096
	uringWake       = ^uint64(0) // userData of what Wake submits
	uringEverything = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI
)

func newUring() (Poller, error) { return newUringOf(uringResults) }

func newUringOf(results uint32) (Poller, error) {
	r, err := newRing(uringRequests, results, 0)
	if err != nil {
		return nil, err
	}
	return &uring{ring: r}, nil
}

func (u *uring) Name() string { return "uring" }

func (u *uring) errorOf(fd int, errno unix.Errno) error { return descriptorError("uring", fd, errno) }

func (u *uring) Add(fd int, key Key) error {
	if errno := pollable(fd); errno != 0 {
		return u.errorOf(fd, errno)
	}
	u.use.RLock()
	defer u.use.RUnlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed.Load() {
		return ErrClosed
	}
	for len(u.regs) <= fd {
		u.regs = append(u.regs, uringReg{})
	}
	reg := &u.regs[fd]
	if reg.registered {
		return u.errorOf(fd, unix.EEXIST)
	}
	reg.generation = (reg.generation + 1) & (1<<31 - 1) // never uringWake
	if errno := u.requestLocked(fd); errno != 0 {
		return os.NewSyscallError("io_uring_enter", errno)
	}
	reg.key, reg.registered = key, true
	return nil
}

// requestLocked asks for the events of a descriptor.
func (u *uring) requestLocked(fd int) unix.Errno {
	return u.ring.submit(&sqe{
		opcode: opPollAdd, len: pollAddMulti, fd: int32(fd),
		opFlags: uringEverything, userData: u.userDataLocked(fd),
	})
}

func (u *uring) userDataLocked(fd int) uint64 {
	return uint64(fd) | uint64(u.regs[fd].generation)<<32
}

func (u *uring) Modify(int, Key, Ready) error { return nil }

func (u *uring) Remove(fd int) error {
	u.use.RLock()
	defer u.use.RUnlock()
	u.mu.Lock()
	if u.closed.Load() {
		u.mu.Unlock()
		return ErrClosed
	}
	if fd < 0 || fd >= len(u.regs) || !u.regs[fd].registered {
		u.mu.Unlock()
		return u.errorOf(fd, unix.ENOENT)
	}
	u.regs[fd].registered = false
	request := u.userDataLocked(fd)
	u.mu.Unlock()
	u.cancel(request)
	return nil
}

// cancel returns when the kernel has nothing of a request any more.
func (u *uring) cancel(request uint64) {
	for u.ring.cancel(request) != unix.ENOENT {
		runtime.Gosched() // its thread has been told and is on its way
	}
}

func (u *uring) Wait(events []Event, timeout int64) (int, error) {
	u.use.RLock()
	defer u.use.RUnlock()
	for p := newPatience(timeout); ; {
		if u.closed.Load() {
			return 0, ErrClosed
		}
		n, err := u.collect(events)
		if n > 0 || err != nil {
			return n, err
		}
		if timeout != 0 && u.woken.Swap(false) {
			return 0, nil
		}
		if p.left == 0 {
			return 0, nil
		}
		if errno := u.block(p.left); errno != 0 && errno != unix.EINTR {
			return 0, os.NewSyscallError("io_uring_enter", errno)
		}
		p.again()
	}
}

// block waits in the kernel, unless a Wake has come.
func (u *uring) block(timeout int64) (errno unix.Errno) {
	u.blocks.Store(true)
	if !u.woken.Load() && !u.closed.Load() {
		errno = u.ring.wait(timeout)
	}
	u.blocks.Store(false)
	return errno
}

// collect fills events with what is there.
func (u *uring) collect(events []Event) (n int, err error) {
	var res cqe
	if len(u.ended) > 0 {
		u.again()
	}
	for n < len(events) {
		switch {
		case u.ring.reap(&res):
			if res.userData != uringWake && u.event(&res, &events[n]) {
				n++
			}
		case n > 0:
			return n, nil
		case u.ring.overflowed():
			if errno := u.ring.wait(0); errno != 0 && errno != unix.EINTR && errno != unix.EBUSY {
				return 0, os.NewSyscallError("io_uring_enter", errno)
			}
		case len(u.ended) > 0:
			u.again() // never block with one of these
		default:
			return 0, nil
		}
	}
	return n, nil
}

// event makes an event of a result, unless that is stale.
func (u *uring) event(res *cqe, ev *Event) bool {
	fd := int(uint32(res.userData))
	u.mu.Lock()
	defer u.mu.Unlock()
	reg := &u.regs[fd]
	if !reg.registered || u.userDataLocked(fd) != res.userData {
		return false
	}
	if res.flags&cqeMore == 0 && (res.res >= 0 || unix.Errno(-res.res) == unix.ECANCELED) {
		u.ended = append(u.ended, res.userData)
	}
	if unix.Errno(-res.res) == unix.ECANCELED {
		return false
	}
	ev.Key, ev.Ready = reg.key, Failed|Readable|Writable // it can't be watched: whoever uses it learns why
	if res.res >= 0 {
		ev.Ready = epollReady(uint32(res.res))
	}
	return true
}

// again makes requests anew, as many as there is room for the first event of
// each: for want of that they would be ended again. But one at least: that event
// is told in any case, and busy descriptors that fill the room must not keep
// others out.
func (u *uring) again() {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := min(len(u.ended), max(1, u.ring.room()))
	for _, request := range u.ended[:n] {
		fd := int(uint32(request))
		for u.regs[fd].registered && u.userDataLocked(fd) == request && u.requestLocked(fd) != 0 {
			runtime.Gosched() // a kernel short of memory refuses for a while
		}
	}
	u.ended = append(u.ended[:0], u.ended[n:]...)
}

func (u *uring) Wake() error {
	u.use.RLock()
	defer u.use.RUnlock()
	if u.closed.Load() {
		return ErrClosed
	}
	if !u.woken.Swap(true) {
		u.kick()
	}
	return nil
}

// kick ends the Wait that blocks, if one does.
func (u *uring) kick() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.blocks.Load() && u.ring.submit(&sqe{opcode: opNop, userData: uringWake}) != 0 {
		runtime.Gosched()
	}
}

func (u *uring) Close() error {
	if !u.closed.CompareAndSwap(false, true) {
		return ErrClosed
	}
	u.use.RLock()
	u.kick()
	u.use.RUnlock()
	u.use.Lock()
	defer u.use.Unlock()
	for fd := range u.regs {
		if u.regs[fd].registered {
			u.cancel(u.userDataLocked(fd))
		}
	}
	u.ring.close()
	return nil
}
