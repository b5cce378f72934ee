package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
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

// passThrough runs cmd as if it stood in weft's place: the signals that weft
// gets go to it, and its end is weft's.
func passThrough(cmd *exec.Cmd) error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedSignals...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
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

var passedSignals = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
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
