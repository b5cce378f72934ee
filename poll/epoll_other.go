//go:build !linux

package poll

import "errors"

var errNoEpoll = errors.New(`poll: model "epoll" needs Linux; use "poll"`)

func newEpoll() (Poller, error) { return nil, errNoEpoll }
