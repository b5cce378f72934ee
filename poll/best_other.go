//go:build weftpoll || (!linux && !weftselect)

package poll

const best = "poll"
