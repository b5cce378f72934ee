//go:build weftselect

package poll

const best = "select"
