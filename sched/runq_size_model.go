//go:build weftmodel

package sched

// runqsize is small here, so that a model checker can try everything there is
// to try with full, overflowing and half empty queues.
const runqsize = 4

// modelStep, when set, lets other threads of the model take steps.
var modelStep func()

func model() {
	if modelStep != nil {
		modelStep()
	}
}
