//go:build !linux

package poll

import "errors"

var errNoEpoll = errors.New("poll: epoll needs Linux, and this system's own pollers are not implemented yet")

func newEpoll() (Poller, error) { return nil, errNoEpoll }

func newDefault() (Poller, error) { return nil, errNoEpoll }
