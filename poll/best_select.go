//go:build weftselect && !weftpoll

package poll

const best = "select"
