//go:build ignore

// exit: 7

package main

import (
	"fmt"
	"os"
)

func main() {
	defer fmt.Println("never")
	go func() { select {} }()
	fmt.Println("out")
	fmt.Fprintln(os.Stderr, "err")
	os.Exit(7)
}
