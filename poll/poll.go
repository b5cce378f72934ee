// Package poll tells which descriptors are ready. A [Poller] is one way of
// asking the operating system; [New] makes one by the name of its model. The
// package knows nothing of coroutines: who waits for a descriptor, and what is
// done when it is ready, is for the caller. Package polltest holds the suite
// that every Poller must pass.
package poll

import (
	"errors"
	"fmt"
	"strings"
)

// Key is the caller's name for a registered descriptor. Pollers hand it back
// and do not look inside. A caller that gives each registration a Key of its
// own (a slot and a generation) can tell an event of a closed descriptor from
// one of its successor that got the same number. [WakeKey] is taken.
type Key uint64

// WakeKey is the one Key that a caller must not use.
const WakeKey = ^Key(0)

// Ready is a set of things that are so of a descriptor.
type Ready uint8

// The members. Pollers may report more of them than were waited for.
const (
	Readable Ready = 1 << iota // a read, or an accept, has something to say: data, a connection, the end, an error
	Writable                   // a write has something to say: room, an error; a connect is over
	Hangup                     // the peer has ended its writing, or everything; stays so. Comes with Readable
	Failed                     // an error is pending, or the descriptor was closed. Comes with Readable and Writable
	Urgent                     // out-of-band data has come
)

var readyNames = []string{"readable", "writable", "hangup", "failed", "urgent"}

// String returns the members in words, as "readable|hangup".
func (r Ready) String() string {
	var words []string
	for i, name := range readyNames {
		if r&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	if words == nil {
		return "nothing"
	}
	return strings.Join(words, "|")
}

// Event says that the descriptor registered with Key is Ready.
type Event struct {
	Key   Key
	Ready Ready
}

// Poller watches descriptors. Each readiness is reported once: after an event
// the caller must use the descriptor until the operating system says that it
// would block (or can know that it would) and then declare with Modify what it
// waits for, before it may rely on another event. Events that nobody needs any
// more may still come.
//
// Wait is called by one caller at a time. Everything else may be called from
// anywhere at any time, also while another thread is inside Wait.
type Poller interface {
	// Name returns the model's name, as "epoll".
	Name() string

	// Add registers fd, which must be non-blocking for anything useful.
	// Registering it twice is an error that is fs.ErrExist. Regular files and
	// directories, of which a system can only say that they are always ready,
	// are refused with an error that is fs.ErrPermission.
	Add(fd int, key Key) error

	// Modify adds want, of Readable, Writable and Urgent, to what is waited for
	// on fd. A level-triggered poller reports nothing before it is declared, and
	// forgets with a report what that says, and Urgent with Readable; one that
	// can't tell Hangup and Failed (select) reports what they come with. An
	// edge-triggered poller reports every change and has nothing to do here.
	Modify(fd int, key Key, want Ready) error

	// Remove ends the registration of fd. It must be called before fd is
	// closed; once it has returned, the poller keeps nothing of fd open. It may
	// wait for another thread's Wait to leave the operating system, never for
	// anything else. Events that this Wait has already taken can still come out
	// of it afterwards. Removing what is not registered is an error that is
	// fs.ErrNotExist.
	Remove(fd int) error

	// Wait fills events and returns how many there are. It blocks until there
	// is at least one, until Wake, or for timeout nanoseconds: for ever if
	// timeout is negative, not at all if it is 0. It never returns before the
	// timeout with neither event nor Wake. When it cannot block it makes a raw
	// system call, where the system has them: Go's scheduler does not hear of
	// it. A descriptor that was closed without Remove never makes Wait fail.
	Wait(events []Event, timeout int64) (int, error)

	// Wake makes the Wait that now blocks return no events, or else the next one
	// that could block and finds none. Several Wakes before that count as one.
	// A Wait that cannot block, or that returns events, leaves the Wake to the
	// next.
	Wake() error

	// Close frees the poller. A blocked Wait returns ErrClosed, and so does
	// every later call. Registered descriptors are left open.
	Close() error
}

// ErrClosed is returned by the methods of a closed Poller.
var ErrClosed = errors.New("poll: the poller is closed")

// Models lists the names of all models of I/O, those without a poller included.
func Models() []string {
	return []string{"blocking", "busy", "select", "poll", "epoll", "uring"}
}

// Default returns the name of the model that "" means: this system's best.
func Default() string { return best }

// Check returns why a model cannot be had, or nil. It makes what it needs and
// frees it again.
func Check(model string) error {
	if model == "" {
		model = best
	}
	if Pollerless(model) {
		return nil
	}
	p, err := New(model)
	if err != nil {
		return err
	}
	return p.Close()
}

// Pollerless reports whether a model does without a Poller: each wait of its
// own is a system call that blocks, or many that don't.
func Pollerless(model string) bool { return model == "blocking" || model == "busy" }

// New returns the poller of a model; "" means this system's best. A model that
// cannot be had is an error that says why: there is no falling back to another.
func New(model string) (Poller, error) {
	if model == "" {
		model = best
	}
	switch model {
	case "epoll":
		return newEpoll()
	case "poll":
		return newPoll()
	case "select":
		return newSelect()
	case "uring":
		return newUring()
	}
	if Pollerless(model) {
		return nil, fmt.Errorf("poll: the model %q has no poller", model)
	}
	return nil, fmt.Errorf("poll: unknown model %q; the models are %s", model, strings.Join(Models(), ", "))
}
