package cgo

import "C"

//export goTwice
func goTwice(n C.int) C.int {
	done := make(chan C.int)
	go func() { done <- 2 * n }()
	return <-done
}
