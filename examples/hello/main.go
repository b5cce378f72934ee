// Hello is the smallest program, twice, to see where a program begins and ends.
//
//	hello            main prints and returns: the process exits, though a
//	                 coroutine is still there
//	hello -sleep     main sleeps before it prints: meanwhile the other runs
//	hello -explain   either, narrated: every step from entry to exit
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
)

func main() {
	explain := flag.Bool("explain", false, "narrate every scheduling decision on stderr")
	sleep := flag.Bool("sleep", false, "let main sleep before it prints")
	flag.Parse()

	opts := []weft.Option{weft.Procs(1)}
	if *explain {
		text := trace.NewText(os.Stderr, trace.TextOptions{})
		opts = append(opts, weft.Trace(trace.New(trace.Options{Sinks: []trace.Sink{text}})))
	}
	if *sleep {
		weft.Main(sleepThenPrint, opts...)
	}
	weft.Main(printAndReturn, opts...)
}

func printAndReturn() {
	weft.Go(func() {
		weft.Sleep(time.Hour)
		fmt.Println("nobody sees this")
	})
	weft.Yield() // the other is parked in its sleep now
	fmt.Println("hello, world")
}

func sleepThenPrint() {
	weft.Go(func() { fmt.Println("hello from the other coroutine") })
	weft.Sleep(10 * time.Millisecond)
	fmt.Println("hello, world")
}
