package lessons

import (
	"fmt"
	"io"
	"time"

	"github.com/weftgo/weft"
)

// sleep runs on one P. While main sleeps, the other has it.
func sleep(out io.Writer) {
	weft.Go(func() {
		fmt.Fprintln(out, "the other runs while main sleeps")
	})
	weft.Sleep(20 * time.Millisecond)
	fmt.Fprintln(out, "main is back")
}
