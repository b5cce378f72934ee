package wnet

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// netFD is a socket: the descriptor, what the poller knows of it, and who uses
// it. Every kind of connection and listener is a thin layer above one.
//
// state says who uses it (fdlock.go). The holder of the reading side's lock is
// the only one in PollDesc's reading side, likewise for writing. sysfd and pd
// are valid while one holds a reference, which a side's lock is.
type netFD struct {
	pd    *sched.PollDesc
	sysfd int32
	mu    sched.Lock // guards queue
	state atomic.Uint64
	kind  *kind
	laddr addr
	raddr addr
	queue *lockWaiter

	streak uint8 // reads or accepts in a row that did not wait; the reading side's
}

// kind is what all sockets of a network have in common.
type kind struct {
	network string // as given to Dial or Listen: "tcp", "tcp4", "unix", ...
	sotype  int    // unix.SOCK_STREAM, ...
	listens bool
}

// stream: bytes without boundaries, so that a read of fewer bytes than asked
// for says that there are no more (sched/netpoll.go).
func (k *kind) stream() bool { return k.sotype == unix.SOCK_STREAM }

// ends: a read of no bytes is the peer's end, not a message of no bytes.
func (k *kind) ends() bool { return k.sotype != unix.SOCK_DGRAM }

// maxRW is the most that one system call is asked to move: kernels cut larger
// ones short, and a short read must mean "empty".
const maxRW = 1 << 30

// init makes fd that of the non-blocking socket s. On an error s is still the
// caller's to close.
func (fd *netFD) init(rt *sched.Sched, s int, k *kind, local, remote unix.Sockaddr) (err error) {
	fd.sysfd, fd.kind = int32(s), k
	fd.laddr.set(k, local)
	fd.raddr.set(k, remote)
	fd.pd, err = rt.OpenFD(s)
	return err
}

// Read reads up to len(p) bytes. It parks until there is at least one, the
// peer has ended its writing (io.EOF), the read deadline passes or fd is closed.
func (fd *netFD) Read(p []byte) (int, error) {
	if err := fd.lock(sched.Reading); err != nil {
		return 0, fd.opError("read", err)
	}
	defer fd.unlock(sched.Reading) // also when the coroutine is unwound
	n, err := fd.read(p)
	if err != nil && err != io.EOF {
		err = fd.opError("read", err)
	}
	return n, err
}

func (fd *netFD) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := fd.pd.Begin(sched.Reading); err != nil {
		return 0, err
	}
	for wait := fd.mustWait(); ; wait = true {
		if wait {
			if err := fd.pd.Wait(sched.Reading, trace.WaitIORead); err != nil {
				return 0, err
			}
		}
		if n, again, err := fd.readOnce(p); !again {
			return n, err
		}
	}
}

// readOnce is the system call of a read. again: there is nothing to read.
func (fd *netFD) readOnce(p []byte) (n int, again bool, err error) {
	if len(p) > maxRW {
		p = p[:maxRW]
	}
	for {
		fd.pd.Arm(sched.Reading)
		n, errno := sysRead(int(fd.sysfd), p)
		if errno == unix.EAGAIN {
			return 0, true, nil
		}
		if n < len(p) && n > 0 && fd.kind.stream() {
			return n, false, nil // it is empty now
		}
		fd.pd.More(sched.Reading)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return 0, false, os.NewSyscallError("read", errno)
		case n == 0 && fd.kind.ends():
			return 0, false, io.EOF
		default:
			return n, false, nil
		}
	}
}

// maxStreak is how many reads in a row may find something before the others get
// a turn: nothing else would stop one whose peer sends faster than it reads.
const maxStreak = 64

// mustWait tells whether to wait before the first read or accept of a call. It
// yields now and then if not.
func (fd *netFD) mustWait() bool {
	if fd.pd.Idle(sched.Reading) {
		fd.streak = 0
		return true
	}
	if fd.streak++; fd.streak == maxStreak {
		fd.streak = 0
		sched.Yield()
	}
	return false
}

// Write writes all of p, parking as often as the peer takes no more. It returns
// how much was written before an error, the write deadline or Close.
func (fd *netFD) Write(p []byte) (int, error) {
	if err := fd.lock(sched.Writing); err != nil {
		return 0, fd.opError("write", err)
	}
	defer fd.unlock(sched.Writing)
	n, err := fd.write(p)
	if err != nil {
		err = fd.opError("write", err)
	}
	return n, err
}

// write tries first and looks at the token only after EAGAIN: nearly always
// there is room.
func (fd *netFD) write(p []byte) (int, error) {
	if err := fd.pd.Begin(sched.Writing); err != nil {
		return 0, err
	}
	var room room
	for done := 0; ; {
		n, errno := sysWrite(int(fd.sysfd), p[done:min(len(p), done+maxRW)])
		done += n
		switch {
		case errno == unix.EAGAIN:
			if err := room.wait(fd.pd); err != nil {
				return done, err
			}
		case errno == unix.EINTR:
		case errno != 0:
			return done, os.NewSyscallError("write", errno)
		case done == len(p):
			return done, nil
		case n == 0:
			return done, io.ErrUnexpectedEOF
		}
	}
}

// room waits for room to write, after a system call that found none. The first
// such call was made before the token was cleared, so it is made once more.
type room struct{ armed bool }

func (r *room) wait(pd *sched.PollDesc) error {
	if r.armed {
		if err := pd.Wait(sched.Writing, trace.WaitIOWrite); err != nil {
			return err
		}
	}
	pd.Arm(sched.Writing)
	r.armed = true
	return nil
}

// Close closes the connection. Calls in progress fail with net.ErrClosed, and
// Close waits for them to return.
func (fd *netFD) Close() error {
	if err := fd.close(); err != nil {
		return fd.opError("close", err)
	}
	return nil
}

// LocalAddr returns the address of this end.
func (fd *netFD) LocalAddr() net.Addr { return fd.laddr.get(fd.kind) }

// RemoteAddr returns the address of the peer.
func (fd *netFD) RemoteAddr() net.Addr { return fd.raddr.get(fd.kind) }

// SetDeadline sets the read and the write deadline. Calls that wait, now or
// later, fail with os.ErrDeadlineExceeded once t has come; the zero time means
// never. A later deadline makes the connection usable again.
func (fd *netFD) SetDeadline(t time.Time) error {
	if err := fd.SetReadDeadline(t); err != nil {
		return err
	}
	return fd.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of Read and Accept, as SetDeadline.
func (fd *netFD) SetReadDeadline(t time.Time) error { return fd.setDeadline(sched.Reading, t) }

// SetWriteDeadline sets the deadline of Write, as SetDeadline. A Write that
// fails by it may have written some of its bytes.
func (fd *netFD) SetWriteDeadline(t time.Time) error { return fd.setDeadline(sched.Writing, t) }

func (fd *netFD) setDeadline(side sched.Side, t time.Time) error {
	if fd.state.Load()&fdClosed != 0 {
		return fd.setError(net.ErrClosed)
	}
	var when int64
	if !t.IsZero() {
		when = fd.pd.Sched().When(t)
	}
	fd.pd.SetDeadline(side, when)
	return nil
}

// opError says which operation on which socket failed, in net's form.
func (fd *netFD) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: fd.kind.network, Source: fd.LocalAddr(), Addr: fd.RemoteAddr(), Err: netErr(err)}
}

// setError is opError for what net reports with the local address alone.
func (fd *netFD) setError(err error) error {
	return &net.OpError{Op: "set", Net: fd.kind.network, Addr: fd.LocalAddr(), Err: netErr(err)}
}

// netErr turns sched's word for a closed descriptor into net's.
func netErr(err error) error {
	if err == sched.ErrFDClosed {
		return net.ErrClosed
	}
	return err
}
