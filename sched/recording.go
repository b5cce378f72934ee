//go:build !weftnotrace

package sched

// recordable is false in builds that are made to measure what it costs that a
// run can be recorded when it is not (RATIONALE: "What does recording cost when it is off?").
const recordable = true
