//go:build weftnotrace

package sched

const recordable = false
