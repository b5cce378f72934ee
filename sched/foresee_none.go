//go:build (!amd64 && !arm64) || race

package sched

import "github.com/weftgo/weft/poll"

// See foresee.go.

type resting struct{}

func (*stk) rest()                           {}
func (*P) foresee()                          {}
func (*netpoller) foresee([]poll.Event, int) {}
