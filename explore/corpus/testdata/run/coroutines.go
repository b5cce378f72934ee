//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"iter"
)

func walk(depth int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := range 2 {
			if depth == 0 {
				if !yield(depth, i) {
					return
				}
				continue
			}
			for d, v := range walk(depth - 1) {
				if !yield(d+1, v+i) {
					return
				}
			}
		}
	}
}

func main() {
	next, stop := iter.Pull2(walk(3))
	defer stop()
	for d, v, ok := next(); ok && v < 3; d, v, ok = next() {
		fmt.Println(d, v)
	}
	defer func() { fmt.Println("recovered", recover()) }()
	bad, stop := iter.Pull(func(yield func(int) bool) {
		yield(1)
		panic("in the iterator")
	})
	defer stop()
	bad()
	bad()
}
