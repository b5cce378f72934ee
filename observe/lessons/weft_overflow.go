package lessons

import (
	"fmt"
	"io"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

// overflow creates 300 coroutines on one P, whose queue has 256 places.
func overflow(out io.Writer) {
	var done wsync.WaitGroup
	done.Add(300)
	for range 300 {
		weft.Go(done.Done)
	}
	done.Wait()
	fmt.Fprintln(out, "300 have run")
}
