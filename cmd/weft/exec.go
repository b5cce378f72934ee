package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// exitStatus is how a program that weft has run came to its end, when that is
// to be weft's own end too.
type exitStatus struct {
	code   int
	signal syscall.Signal // that killed it, 0 for none
}

func (e *exitStatus) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// interrupts are the signals that weft gets while it has another program built and
// run. From before the first file is made until the last one is gone none of them
// ends weft by itself. Each phase takes them as they come; one that comes between
// two phases is the next one's.
type interrupts chan os.Signal

// catch begins to take signals; the caller calls stop when all has been cleared
// away. Those that weft was told to ignore, as nohup does, stay ignored, by the
// program too.
func catch() (in interrupts, stop func()) {
	in = make(interrupts, 16)
	for _, s := range heeded(passedSignals...) {
		signal.Notify(in, s)
	}
	return in, func() { signal.Stop(in) }
}

// heeded returns those of signals that weft was not told to ignore.
func heeded(signals ...os.Signal) []os.Signal {
	return slices.DeleteFunc(slices.Clone(signals), signal.Ignored)
}

var passedSignals = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// ends reports whether s is to end weft itself.
func ends(s os.Signal) bool {
	return s == syscall.SIGINT || s == syscall.SIGQUIT || s == syscall.SIGTERM || s == syscall.SIGHUP
}

func ended(s os.Signal) *exitStatus {
	return &exitStatus{code: 128 + int(s.(syscall.Signal)), signal: s.(syscall.Signal)}
}

// during calls f with a context that ends with a signal which is to end weft. The
// error is then that, else f's.
func (in interrupts) during(f func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got os.Signal
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for got == nil {
			select {
			case s := <-in:
				if ends(s) {
					got = s
					cancel()
				}
			case <-done:
				return
			}
		}
	}()
	err := f(ctx)
	close(done)
	<-gone
	if got != nil {
		return ended(got)
	}
	return err
}

// pending returns a signal that is to end weft and has come already, nil if none has.
func (in interrupts) pending() os.Signal {
	for {
		select {
		case s := <-in:
			if ends(s) {
				return s
			}
		default:
			return nil
		}
	}
}

// passThrough runs cmd as if it stood in weft's place: the signals that weft
// gets go to it, and its end is weft's.
func (in interrupts) passThrough(cmd *exec.Cmd) error {
	if s := in.pending(); s != nil { // there is no program yet that could take it
		return ended(s)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case s := <-in:
				if !fromTerminal(s) {
					cmd.Process.Signal(s)
				}
			case <-done:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(done)
	<-gone
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	status := &exitStatus{code: exit.ExitCode()}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		status.signal = ws.Signal()
		status.code = 128 + int(status.signal)
	}
	return status
}

// fromTerminal reports whether the terminal sent s, to every process in the
// foreground: then the program has it already.
func fromTerminal(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT && s != syscall.SIGWINCH {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	return foreground(tty)
}

// die ends weft by the signal that ended the program, if it is one of those that
// simply end a process, so that a shell sees it.
func (e *exitStatus) die() {
	switch e.signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
	default:
		return
	}
	signal.Reset(e.signal)
	syscall.Kill(os.Getpid(), e.signal)
	time.Sleep(time.Second) // another thread may be the one to get it
}
