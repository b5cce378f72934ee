//go:build weftpoll || (!linux && !weftblocking && !weftbusy && !weftselect && !wefturing)

package poll

const best = "poll"
