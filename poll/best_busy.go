//go:build weftbusy

package poll

const best = "busy"
