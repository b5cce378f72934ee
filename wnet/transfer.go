package wnet

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// receive makes the system call f of the reading side, named call, and parks and
// makes it again for as long as it says EAGAIN. f may leave data behind.
func (fd *netFD) receive(call string, f func(s int) error) error {
	if err := fd.lock(sched.Reading); err != nil {
		return err
	}
	defer fd.unlock(sched.Reading)
	if err := fd.pd.Begin(sched.Reading); err != nil {
		return err
	}
	for wait := fd.mustWait(); ; {
		if wait {
			if err := fd.pd.Wait(sched.Reading, trace.WaitIORead); err != nil {
				return err
			}
		}
		fd.pd.Arm(sched.Reading)
		err := f(int(fd.sysfd))
		if wait = err == unix.EAGAIN; wait {
			continue
		}
		fd.pd.More(sched.Reading)
		if err != unix.EINTR {
			return syscallError(call, err)
		}
	}
}

// send makes the system call f of the writing side until it has found room. f
// says how much is still to be done by its error.
func (fd *netFD) send(call string, f func(s int) error) error {
	if err := fd.lock(sched.Writing); err != nil {
		return err
	}
	defer fd.unlock(sched.Writing)
	if err := fd.pd.Begin(sched.Writing); err != nil {
		return err
	}
	var room room
	for {
		switch err := f(int(fd.sysfd)); err {
		case unix.EAGAIN:
			if err := room.wait(fd.pd); err != nil {
				return err
			}
		case unix.EINTR:
		default:
			return syscallError(call, err)
		}
	}
}

// syscallError names the call of an error that the system gave.
func syscallError(call string, err error) error {
	if errno, ok := err.(unix.Errno); ok {
		return os.NewSyscallError(call, errno)
	}
	return err
}
