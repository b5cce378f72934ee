// Forkjoin sorts with weft.Do: each half is offered to idle Ps, and what nobody
// takes is sorted by a plain call.
package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/weftgo/weft"
)

// Below this many elements a fork would cost more than it gives.
const small = 1 << 10

func main() {
	weft.Main(func() {
		random := rand.New(rand.NewPCG(1, 2))
		values := make([]int, 1<<20)
		for i := range values {
			values[i] = random.Int()
		}
		mergeSort(values, make([]int, len(values)))
		fmt.Printf("%d values, sorted: %v\n", len(values), slices.IsSorted(values))
	})
}

// mergeSort sorts v, with scratch of the same length.
func mergeSort(v, scratch []int) {
	if len(v) <= small {
		slices.Sort(v)
		return
	}
	half := len(v) / 2
	weft.Do(
		func() { mergeSort(v[:half], scratch[:half]) },
		func() { mergeSort(v[half:], scratch[half:]) },
	)
	merge(scratch[:0], v[:half], v[half:])
	copy(v, scratch)
}

// merge appends the elements of a and b, both sorted, to out in order.
func merge(out, a, b []int) {
	for len(a) > 0 && len(b) > 0 {
		from := &a
		if b[0] < a[0] {
			from = &b
		}
		out = append(out, (*from)[0])
		*from = (*from)[1:]
	}
	out = append(out, a...)
	_ = append(out, b...)
}
