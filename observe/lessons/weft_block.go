package lessons

import (
	"fmt"
	"io"
	"time"

	"github.com/weftgo/weft"
)

// block runs on one P. main makes a call that blocks its thread; time.Sleep of
// an ordinary Go program stands for a file, a database driver, cgo.
func block(out io.Writer) {
	weft.Go(func() {
		fmt.Fprintln(out, "the other has the P meanwhile")
	})
	weft.Block(func() { time.Sleep(20 * time.Millisecond) })
	fmt.Fprintln(out, "main is back")
}

// blockUnannounced does the same without a word to the runtime.
func blockUnannounced(out io.Writer) {
	weft.Go(func() {
		fmt.Fprintln(out, "the other has the P meanwhile")
	})
	time.Sleep(40 * time.Millisecond)
	weft.Yield()
	fmt.Fprintln(out, "main is back")
}
