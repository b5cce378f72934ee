//go:build weftblocking

package poll

const best = "blocking"
