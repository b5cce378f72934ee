// Hello prints from main and from a goroutine: first from that, if main is told
// to sleep until it has.
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

var said atomic.Bool

func say(what string) { fmt.Println("hello,", what); said.Store(true) }

func main() {
	go say("goroutine")
	for len(os.Args) > 1 && !said.Load() {
		time.Sleep(50 * time.Millisecond)
	}
	say("main")
}
