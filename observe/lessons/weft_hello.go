package lessons

import (
	"fmt"
	"io"

	"github.com/weftgo/weft"
)

// hello starts a coroutine and returns without waiting for it.
func hello(out io.Writer) {
	weft.Go(func() {
		fmt.Fprintln(out, "hello from the other coroutine")
	})
	fmt.Fprintln(out, "hello, world")
}
