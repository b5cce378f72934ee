//go:build ignore

// args: -x "a b" "" --
// env: WEFT_CORPUS=here
// exit: 0

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Printf("%q\n", os.Args[1:])
	fmt.Println(os.Getenv("WEFT_CORPUS"), len(os.Args))
	for _, v := range os.Environ() {
		if len(v) > 4 && v[:4] == "WEFT" {
			fmt.Println(v)
		}
	}
}
