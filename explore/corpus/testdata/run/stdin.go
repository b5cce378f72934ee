//go:build ignore

// stdin: "one\ntwo\nthree"
// exit: 0

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			lines <- s.Text()
		}
	}()
	for line := range lines {
		fmt.Println(strings.ToUpper(line))
	}
}
