//go:build weftpoll || (!linux && !weftselect && !wefturing)

package poll

const best = "poll"
