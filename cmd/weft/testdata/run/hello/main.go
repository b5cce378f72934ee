// Hello prints from main and, if it is told to sleep, lets a goroutine print
// before it.
package main

import (
	"fmt"
	"os"
	"time"
)

func say(what string) { fmt.Println("hello,", what) }

func main() {
	go say("goroutine")
	if len(os.Args) > 1 {
		time.Sleep(50 * time.Millisecond)
	}
	say("main")
}
