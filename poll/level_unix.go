//go:build linux || darwin

package poll

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// level is a Poller over a system call that remembers nothing: the whole set of
// descriptors goes in at each call and is scanned afterwards for those that are
// ready. How a set is written down, and the call, are fdSet's: poll_unix.go and
// select_unix.go. The rest is here.
//
// Everything is under mu but the call itself, which works on a copy of the set.
// During a call others may arm descriptors. The call knows nothing of them, so
// it has to be made again: whoever changes the set while a call blocks rings
// the bell, a descriptor that is in every set.
//
// No change is lost, and no Wake. The copy is made and calling is set in one
// critical section. A change before it is in the copy; one after it finds
// calling true and rings. The bell, once rung, stays readable until it is
// hushed, and that happens in the critical section that ends the call, so before
// the next copy. A Wake is a change that stays (woken) until a Wait takes it.
//
// While a call blocks, the kernel holds the files it was asked about. One that
// its owner closed would live on: its peer would see no end, its port would
// stay taken. So Remove ends a call that may have the descriptor, and returns
// when it is over. That also settles what becomes of a number that is used
// again: its new owner is registered after every call that had the old one.
type level struct {
	set  fdSet // constant; what it wants is guarded by mu, what it passed is Wait's
	bell bell  // constant until Close

	mu     sync.Mutex // guards what follows
	regs   []registration
	top    int  // every descriptor in the set is below
	woken  bool // a Wake that no Wait has taken
	closed bool

	calling bool      // a copy of the set was made for a call that is not over
	blocks  bool      // that call may block
	rung    bool      // the bell is readable
	calls   uint64    // those that are over
	over    sync.Cond // calls has changed

	// Wait's alone.
	sent   int // top, as of the copy
	cursor int // where to begin to scan, so that each has its turn
}

// registration is what is known of a descriptor; regs has it at its number.
type registration struct {
	key        Key
	registered bool
	want       Ready // declared and not yet reported. Only grows while a call is on
}

// fdSet is a set of descriptors in the form that one system call wants, twice:
// what is wanted, and what was passed to a call and came back.
type fdSet interface {
	name() string

	// fits returns why fd cannot be in the set, or nil.
	fits(fd int) error

	// want has fd asked about r and nothing else.
	want(fd int, r Ready)

	// pass copies what is wanted of the descriptors below top.
	pass(top int)

	// call asks about what was passed, and reports whether next has anything.
	call(timeout int64) (found bool, errno unix.Errno)

	// next returns the first descriptor from from on and below to of which the
	// call has something to say, and that; or nothing.
	next(from, to int) (fd int, r Ready)
}

func newLevel(set fdSet) (Poller, error) {
	bell, err := newBell()
	if err != nil {
		return nil, err
	}
	if err := set.fits(bell.fd); err != nil {
		bell.close()
		return nil, err
	}
	l := &level{set: set, bell: bell, top: bell.fd + 1, regs: make([]registration, bell.fd+1)}
	l.over.L = &l.mu
	set.want(bell.fd, Readable)
	return l, nil
}

func (l *level) Name() string { return l.set.name() }

func (l *level) errorOf(fd int, errno unix.Errno) error {
	return descriptorError(l.Name(), fd, errno)
}

func descriptorError(model string, fd int, errno unix.Errno) error {
	return fmt.Errorf("%s: descriptor %d: %w", model, fd, errno)
}

func (l *level) Add(fd int, key Key) error {
	if errno := pollable(fd); errno != 0 {
		return l.errorOf(fd, errno)
	}
	if err := l.set.fits(fd); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	for len(l.regs) <= fd {
		l.regs = append(l.regs, registration{})
	}
	if l.regs[fd].registered {
		return l.errorOf(fd, unix.EEXIST)
	}
	l.regs[fd] = registration{key: key, registered: true}
	l.top = max(l.top, fd+1)
	l.set.want(fd, 0)
	return nil
}

// pollable refuses what epoll refuses: files of which the system says that they
// are always ready, though a read of them blocks.
func pollable(fd int) unix.Errno {
	var st unix.Stat_t
	for {
		switch err := unix.Fstat(fd, &st); {
		case err == unix.EINTR:
		case err != nil:
			return err.(unix.Errno)
		case st.Mode&unix.S_IFMT == unix.S_IFREG || st.Mode&unix.S_IFMT == unix.S_IFDIR:
			return unix.EPERM
		default:
			return 0
		}
	}
}

// findLocked returns the registration of fd.
func (l *level) findLocked(fd int) (*registration, error) {
	if l.closed {
		return nil, ErrClosed
	}
	if fd < 0 || fd >= len(l.regs) || !l.regs[fd].registered {
		return nil, l.errorOf(fd, unix.ENOENT)
	}
	return &l.regs[fd], nil
}

func (l *level) Modify(fd int, key Key, want Ready) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	reg, err := l.findLocked(fd)
	if err != nil {
		return err
	}
	if reg.key != key {
		return l.errorOf(fd, unix.ENOENT)
	}
	want = want&(Readable|Writable|Urgent) | reg.want
	if want != reg.want { // else the call in progress knows, or the bell is rung
		reg.want = want
		l.set.want(fd, want)
		l.ringLocked()
	}
	return nil
}

func (l *level) Remove(fd int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	reg, err := l.findLocked(fd)
	if err != nil {
		return err
	}
	passed := l.calling && reg.want != 0
	*reg = registration{}
	l.set.want(fd, 0)
	for l.top > l.bell.fd+1 && !l.regs[l.top-1].registered {
		l.top--
	}
	if passed {
		l.ringLocked()
		l.awaitLocked()
	}
	return nil
}

// awaitLocked returns when the call that is in progress, if any, is over.
func (l *level) awaitLocked() {
	for calls := l.calls; l.calling && l.calls == calls; {
		l.over.Wait()
	}
}

// ringLocked ends a call that blocks.
func (l *level) ringLocked() {
	if l.calling && l.blocks && !l.rung {
		l.rung = true
		l.bell.ring()
	}
}

func (l *level) Wait(events []Event, timeout int64) (int, error) {
	for p := newPatience(timeout); ; {
		left, err := l.begin(p.left)
		if err != nil {
			return 0, err
		}
		found, errno := l.set.call(left)
		n, woken, err := l.end(events, found, timeout != 0)
		switch {
		case err != nil:
			return 0, err
		case errno != 0 && errno != unix.EINTR:
			return 0, os.NewSyscallError(l.Name(), errno)
		case n > 0 || woken || !p.again():
			return n, nil
		}
	}
}

// begin makes the copy for a call, and returns how long that may block.
func (l *level) begin(timeout int64) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, ErrClosed
	}
	if l.woken {
		timeout = 0
	}
	l.set.pass(l.top)
	l.sent = l.top
	l.calling, l.blocks = true, timeout != 0
	return timeout, nil
}

// end takes what a call has found. If that is nothing, it takes a Wake, if it
// may and there is one.
func (l *level) end(events []Event, found, mayTakeWake bool) (n int, woken bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calling = false
	l.calls++
	l.over.Broadcast()
	if l.rung {
		l.rung = false
		l.bell.hush()
	}
	if l.closed {
		return 0, false, ErrClosed
	}
	if found {
		n = l.collectLocked(events)
	}
	if n == 0 && mayTakeWake && l.woken {
		l.woken = false
		return 0, true, nil
	}
	return n, false, nil
}

// collectLocked scans what came back. What events has no room for stays wanted
// and is found by the next call; the scan then begins where this one ended.
func (l *level) collectLocked(events []Event) (n int) {
	if l.cursor >= l.sent {
		l.cursor = 0
	}
	first := l.cursor
	for _, part := range [...]struct{ from, to int }{{first, l.sent}, {0, first}} {
		for at := part.from; n < len(events); {
			fd, r := l.set.next(at, part.to)
			if r == 0 {
				break
			}
			at, l.cursor = fd+1, fd+1
			if l.reportLocked(fd, r, &events[n]) {
				n++
			}
		}
	}
	return n
}

// reportLocked makes an event of what a call said of fd, unless that is the
// bell or has been removed, and forgets that it was wanted. Whoever reads
// declares Urgent along with Readable, so the two go together.
//
// No descriptor is reported again and again: a system call says what was
// wanted, and that goes; or, unasked, an error or the end of everything, and
// these come with Readable and Writable, so that nothing is left.
func (l *level) reportLocked(fd int, r Ready, ev *Event) bool {
	reg := &l.regs[fd]
	if !reg.registered {
		return false
	}
	reg.want &^= r
	if r&Readable != 0 {
		reg.want &^= Urgent
	}
	l.set.want(fd, reg.want)
	*ev = Event{reg.key, r}
	return true
}

func (l *level) Wake() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.woken = true
	l.ringLocked()
	return nil
}

func (l *level) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.closed = true
	l.ringLocked()
	l.awaitLocked()
	l.bell.close()
	return nil
}
