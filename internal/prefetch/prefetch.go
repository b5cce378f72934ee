//go:build amd64 || arm64

package prefetch

// Lines asks for lines (at least 1) cache lines of 64 bytes from that of address
// p on. It is a hint: it waits for nothing and may be given any address, one of
// memory that is no longer there included.
func Lines(p uintptr, lines int)
