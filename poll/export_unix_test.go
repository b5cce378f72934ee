//go:build linux || darwin

package poll

// Calls returns how many system calls p, poll or select, has made to wait.
func Calls(p Poller) uint64 { return p.(*level).calls }
