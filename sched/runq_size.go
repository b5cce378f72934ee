//go:build !weftmodel

package sched

// runqsize is the local run queue's capacity, a power of two.
const runqsize = 256

func model() {}
