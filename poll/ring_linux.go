package poll

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is an io_uring: two queues in memory that the kernel shares. Requests go
// into one (submit), what became of them comes out of the other (reap).
//
//	submission queue: sqTail is ours, the kernel reads up to it during enter
//	completion queue: cqTail is the kernel's, cqHead ours
//
// submit may be called by one at a time, reap by one at a time; the two don't
// touch each other. The layouts are the kernel's (include/uapi/linux/io_uring.h).
type ring struct {
	fd     int
	memory []byte // both queues
	sqMem  []byte // the requests

	sqHead, sqTail, sqMask, sqFlags *uint32
	sqArray                         []uint32
	sqes                            []sqe

	cqHead, cqTail, cqMask *uint32
	cqes                   []cqe
}

// sqe is a request.
type sqe struct {
	opcode   uint8
	flags    uint8
	ioprio   uint16
	fd       int32
	off      uint64
	addr     uint64
	len      uint32
	opFlags  uint32 // which events, for a poll
	userData uint64 // comes back with each result
	buf      uint16
	_        uint16
	_        int32
	_        [2]uint64
}

// cqe is a result.
type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

type ringOffsets struct { // of either queue, in the shared memory
	head, tail, mask, entries, flagsOrOverflow, droppedOrCqes, arrayOrFlags, _ uint32
	_                                                                          uint64
}

type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFd uint32
	_                                                                      [3]uint32
	sq, cq                                                                 ringOffsets
}

// The kernel's numbers.
const (
	opNop     = 0
	opPollAdd = 6

	pollAddMulti = 1 << 0 // of opPollAdd, in len: more than one result
	cqeMore      = 1 << 1 // further results of the same request will come

	setupCQSize = 1 << 3
	setupClamp  = 1 << 4

	featSingleMmap = 1 << 0
	featNoDrop     = 1 << 1
	featExtArg     = 1 << 8

	enterGetEvents = 1 << 0
	enterExtArg    = 1 << 3

	sqOverflow = 1 << 1 // in sqFlags: results wait in the kernel for room in the queue

	registerSyncCancel = 24

	mmapRings = 0
	mmapSQEs  = 0x10000000
)

// newRing makes a ring with room for so many requests and results at a time.
// Results that find no room wait in the kernel. flags are further ones of the
// set-up, usually none.
func newRing(requests, results, flags uint32) (*ring, error) {
	params := ringParams{flags: setupCQSize | setupClamp | flags, cqEntries: results}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(requests), uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return nil, refused("io_uring_setup", errno)
	}
	unix.CloseOnExec(int(fd)) // the kernel has done so; it costs nothing to be sure
	r := &ring{fd: int(fd)}
	const need = featSingleMmap | featNoDrop | featExtArg
	if params.features&need != need || !r.canSyncCancel() {
		r.close()
		return nil, refused("io_uring_register", unix.EINVAL)
	}
	if err := r.mmap(&params); err != nil {
		r.close()
		return nil, refused("mmap", err.(unix.Errno))
	}
	return r, nil
}

func (r *ring) mmap(p *ringParams) (err error) {
	size := max(p.sq.arrayOrFlags+p.sqEntries*4, p.cq.droppedOrCqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	if r.memory, err = unix.Mmap(r.fd, mmapRings, int(size), prot, flags); err != nil {
		return err
	}
	if r.sqMem, err = unix.Mmap(r.fd, mmapSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})), prot, flags); err != nil {
		return err
	}
	word := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.memory[off])) }
	r.sqHead, r.sqTail, r.sqMask = word(p.sq.head), word(p.sq.tail), word(p.sq.mask)
	r.sqFlags = word(p.sq.flagsOrOverflow)
	r.sqArray = unsafe.Slice(word(p.sq.arrayOrFlags), p.sqEntries)
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&r.sqMem[0])), p.sqEntries)
	r.cqHead, r.cqTail, r.cqMask = word(p.cq.head), word(p.cq.tail), word(p.cq.mask)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&r.memory[p.cq.droppedOrCqes])), p.cqEntries)
	return nil
}

func (r *ring) close() {
	if r.memory != nil {
		unix.Munmap(r.memory)
	}
	if r.sqMem != nil {
		unix.Munmap(r.sqMem)
	}
	unix.Close(r.fd)
}

// submit hands one request to the kernel.
func (r *ring) submit(req *sqe) unix.Errno {
	tail := *r.sqTail
	r.push(req)
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 1, 0, 0, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 && atomic.LoadUint32(r.sqHead) == tail { // it hasn't taken it
			atomic.StoreUint32(r.sqTail, tail)
			return errno
		}
		return 0
	}
}

// push puts a request into the queue, which must have room.
func (r *ring) push(req *sqe) {
	tail := *r.sqTail
	i := tail & *r.sqMask
	r.sqes[i], r.sqArray[i] = *req, i
	atomic.StoreUint32(r.sqTail, tail+1)
}

// wait blocks until there is a result, for timeout nanoseconds at most, or for
// ever if that is negative. With 0 it only has the kernel fill the queue.
func (r *ring) wait(timeout int64) unix.Errno {
	if timeout == 0 {
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 0, 0, enterGetEvents, 0, 0)
		return errno
	}
	var arg struct {
		sigmask uint64
		size    uint32
		_       uint32
		ts      uint64
	}
	ts := [2]int64{timeout / 1e9, timeout % 1e9}
	if timeout > 0 {
		arg.ts = uint64(uintptr(unsafe.Pointer(&ts)))
	}
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 0, 1, enterGetEvents|enterExtArg,
		uintptr(unsafe.Pointer(&arg)), unsafe.Sizeof(arg))
	if errno == unix.ETIME {
		return 0
	}
	return errno
}

// reap takes the next result, if there is one.
func (r *ring) reap(res *cqe) bool {
	head := *r.cqHead
	if head == atomic.LoadUint32(r.cqTail) {
		return false
	}
	*res = r.cqes[head&*r.cqMask]
	atomic.StoreUint32(r.cqHead, head+1)
	return true
}

// overflowed reports whether results wait for room in the queue.
func (r *ring) overflowed() bool { return atomic.LoadUint32(r.sqFlags)&sqOverflow != 0 }

// room returns how many results the queue can still take.
func (r *ring) room() int {
	if r.overflowed() {
		return 0
	}
	return len(r.cqes) - int(atomic.LoadUint32(r.cqTail)-*r.cqHead)
}

// cancel asks for the end of the request with that userData. ENOENT: there is
// none any more, and nothing of it.
func (r *ring) cancel(userData uint64) unix.Errno {
	arg := struct {
		addr      uint64
		fd        int32
		flags     uint32
		sec, nsec int64
		_         [4]uint64
	}{addr: userData, sec: -1, nsec: -1}
	_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerSyncCancel, uintptr(unsafe.Pointer(&arg)), 1, 0, 0)
	return errno
}

// canSyncCancel: it is the youngest of what is used here, of Linux 6.0.
func (r *ring) canSyncCancel() bool { return r.cancel(^uint64(0)) == unix.ENOENT }

// refused says why there is no ring, and what to do.
func refused(call string, errno unix.Errno) error {
	what := "use another model, such as epoll"
	switch errno {
	case unix.ENOSYS, unix.EINVAL:
		what = "it takes Linux 6.0 or later; " + what
	case unix.EPERM, unix.EACCES:
		setting, _ := os.ReadFile("/proc/sys/kernel/io_uring_disabled")
		if s := strings.TrimSpace(string(setting)); s != "" && s != "0" {
			what = fmt.Sprintf("sysctl kernel.io_uring_disabled is %s: set it to 0, or %s", s, what)
		} else {
			what = "a seccomp filter forbids it, as those of containers do: allow it, or " + what
		}
	case unix.ENOMEM:
		what = "raise the limit of locked memory (ulimit -l), or " + what
	case unix.EMFILE, unix.ENFILE:
		what = "raise the limit of open files (ulimit -n), or " + what
	}
	return fmt.Errorf("uring: %w: %s", os.NewSyscallError(call, errno), what)
}
