package lessons

import (
	"fmt"
	"io"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

// procs starts one coroutine that computes, and computes too.
func procs(out io.Writer) {
	var done wsync.WaitGroup
	done.Add(1)
	weft.Go(func() {
		compute(5 * time.Millisecond)
		done.Done()
	})
	compute(5 * time.Millisecond)
	done.Wait()
	fmt.Fprintln(out, "both have computed")
}

// compute keeps a processor busy.
func compute(d time.Duration) {
	for t := time.Now(); time.Since(t) < d; {
	}
}
