package poll

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll registers a descriptor once, for everything, edge-triggered; a wait
// then costs as much as there are events, however many descriptors there are.
//
// Wake rings the bell, which is registered level-triggered. woken is 1 from the
// Wake that rings until a Wait that could block has hushed the bell:
//
//   - A Wait that cannot block, or that has other events to return, sees the
//     bell's event and leaves it, so it is still there for one that can.
//   - A Wait that can block hushes the bell first and then clears woken. A
//     Wake that comes between the two doesn't ring, and needs not: this Wait
//     is on its way out and counts as woken by it. One that comes later finds
//     woken 0 and rings.
//
// mu is held for reading by whoever uses epfd or bell, and for writing by Close
// alone: neither number can be reused by another file under a call in progress.
type epoll struct {
	mu     sync.RWMutex
	closed atomic.Bool
	woken  atomic.Uint32
	epfd   int  // constant until Close
	bell   bell // constant until Close
	nsec   bool

	raw []unix.EpollEvent // Wait's alone
}

const epollEverything = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET

func newEpoll() (Poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	bell, err := newBell()
	if err != nil {
		unix.Close(epfd)
		return nil, err
	}
	e := &epoll{epfd: epfd, bell: bell, nsec: haveEpollPwait2()}
	if err := e.ctl(unix.EPOLL_CTL_ADD, bell.fd, unix.EPOLLIN, WakeKey); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// haveEpollPwait2 asks the kernel once. Without epoll_pwait2 (Linux 5.11),
// timeouts are rounded up to whole milliseconds.
var haveEpollPwait2 = sync.OnceValue(func() bool {
	_, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, ^uintptr(0), 0, 0, 0, 0, 0)
	return e == unix.EINVAL || e == unix.EBADF // it looked at the arguments
})

func (e *epoll) Name() string { return "epoll" }

func (e *epoll) Add(fd int, key Key) error {
	return e.ctl(unix.EPOLL_CTL_ADD, fd, epollEverything, key)
}

func (e *epoll) Modify(int, Key, Ready) error { return nil }

func (e *epoll) Remove(fd int) error { return e.ctl(unix.EPOLL_CTL_DEL, fd, 0, 0) }

func (e *epoll) ctl(op, fd int, mask uint32, key Key) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed.Load() {
		return ErrClosed
	}
	ev := unix.EpollEvent{Events: mask, Fd: int32(key), Pad: int32(key >> 32)}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(e.epfd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

func (e *epoll) Wait(events []Event, timeout int64) (int, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if len(e.raw) < len(events) {
		e.raw = make([]unix.EpollEvent, len(events))
	}
	raw := e.raw[:len(events)]
	for p := newPatience(timeout); ; {
		if e.closed.Load() {
			return 0, ErrClosed
		}
		n, errno := e.wait(raw, p.left)
		if errno != 0 && errno != unix.EINTR {
			return 0, os.NewSyscallError("epoll_wait", errno)
		}
		if n > 0 {
			n = e.collect(events, raw[:n], timeout != 0)
			if n == 0 && e.closed.Load() {
				return 0, ErrClosed
			}
			return n, nil
		}
		if !p.again() {
			return 0, nil
		}
	}
}

// wait makes the one system call.
func (e *epoll) wait(raw []unix.EpollEvent, timeout int64) (int, unix.Errno) {
	fd, size := uintptr(e.epfd), uintptr(len(raw))
	if timeout == 0 {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&raw[0])), size, 0, 0, 0)
		return int(n), errno
	}
	if !e.nsec {
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&raw[0])), size, uintptr(millis(timeout)), 0, 0)
		return int(n), errno
	}
	var ts *unix.Timespec
	if timeout > 0 {
		t := unix.NsecToTimespec(timeout)
		ts = &t
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, fd, uintptr(unsafe.Pointer(&raw[0])), size, uintptr(unsafe.Pointer(ts)), 0, 0)
	return int(n), errno
}

// collect turns the kernel's events into ours and takes a Wake if it may and
// there is nothing else.
func (e *epoll) collect(events []Event, raw []unix.EpollEvent, mayTakeWake bool) int {
	n := 0
	for i := range raw {
		if key := Key(uint32(raw[i].Fd)) | Key(uint32(raw[i].Pad))<<32; key != WakeKey {
			events[n] = Event{key, epollReady(raw[i].Events)}
			n++
		}
	}
	if n == 0 && mayTakeWake {
		e.bell.hush()
		e.woken.Store(0)
	}
	return n
}

func epollReady(mask uint32) Ready {
	var r Ready
	if mask&unix.EPOLLIN != 0 {
		r |= Readable
	}
	if mask&unix.EPOLLOUT != 0 {
		r |= Writable
	}
	if mask&unix.EPOLLPRI != 0 {
		r |= Urgent
	}
	if mask&unix.EPOLLRDHUP != 0 {
		r |= Hangup | Readable
	}
	if mask&unix.EPOLLHUP != 0 {
		r |= Hangup | Readable | Writable
	}
	if mask&unix.EPOLLERR != 0 {
		r |= Failed | Readable | Writable
	}
	return r
}

func (e *epoll) Wake() error {
	if e.woken.Load() != 0 || !e.woken.CompareAndSwap(0, 1) {
		return nil
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed.Load() {
		return ErrClosed
	}
	e.bell.ring()
	return nil
}

func (e *epoll) Close() error {
	if !e.closed.CompareAndSwap(false, true) {
		return ErrClosed
	}
	e.bell.ring() // not Wake: an earlier one may have been taken before closed was set
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bell.close()
	return os.NewSyscallError("close", unix.Close(e.epfd))
}
