//go:build ignore

// exit: 2

package main

import "fmt"

type node struct {
	pad  [64]byte
	next *node
}

func main() {
	n := &node{}
	defer fmt.Println("deferred")
	fmt.Println(n.next.next == nil)
}
