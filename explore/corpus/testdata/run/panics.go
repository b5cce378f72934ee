//go:build ignore

// exit: 2

package main

import (
	"errors"
	"fmt"
)

type depth int

func (d depth) Error() string { return fmt.Sprint("depth ", int(d)) }

func sink(d int) {
	defer fmt.Println("leaving", d)
	if d == 3 {
		panic(fmt.Errorf("at the bottom: %w", errors.Join(depth(d), errors.New("second"))))
	}
	sink(d + 1)
}

func main() {
	defer func() {
		r := recover()
		fmt.Println("recovered:", r)
		panic(r)
	}()
	sink(0)
}
