//go:build wefturing

package poll

const best = "uring"
