//go:build !linux && !darwin

package poll

import "errors"

var errNoSystem = errors.New("poll: the models poll and select are there on Linux and macOS")

func newPoll() (Poller, error) { return nil, errNoSystem }

func newSelect() (Poller, error) { return nil, errNoSystem }
