package lessons

import (
	"fmt"
	"io"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

// steal puts eight coroutines on one P's queue. The other P has none.
func steal(out io.Writer) {
	var done wsync.WaitGroup
	for range 8 {
		done.Add(1)
		weft.Go(func() {
			compute(time.Millisecond)
			done.Done()
		})
	}
	done.Wait()
	fmt.Fprintln(out, "eight have computed")
}
