//go:build !linux

package poll

import "errors"

var errNoUring = errors.New(`poll: model "uring" needs Linux; use "poll"`)

func newUring() (Poller, error) { return nil, errNoUring }
