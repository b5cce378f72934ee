//go:build !linux && !darwin

package poll

import "errors"

var errNoSystem = errors.New("poll: the models poll and select are there on Linux and macOS")

func newPoll() (Poller, error) { return nil, errNoSystem }

func newSelect() (Poller, error) { return nil, errNoSystem }

// Blocker is there on Linux and macOS.
type Blocker struct{}

func NewBlocker() (*Blocker, error) { return nil, errNoSystem }

func (*Blocker) Block(int, Ready) bool { return true }

func (*Blocker) Wake() {}

func (*Blocker) Close() {}

func Pollable(int) error { return errNoSystem }
