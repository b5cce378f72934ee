//go:build wefturing && !weftpoll && !weftselect

package poll

const best = "uring"
