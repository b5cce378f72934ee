// Package weft is a coroutine runtime: a scheduler of its own (G, M, P) over
// stackful coroutines, with its own network poller and blocking primitives.
package weft
