package observe_test

import (
	"net/http"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/observe"
)

// A program that serves its own page beside what else it serves: open
// http://127.0.0.1:6060/debug/weft/.
func ExampleHandler() {
	http.Handle("/debug/weft/", observe.Handler())
	go http.ListenAndServe("127.0.0.1:6060", nil)
	weft.Main(func() {
		for {
			weft.Go(func() { weft.Sleep(time.Millisecond) })
			weft.Sleep(time.Second)
		}
	}, observe.Trace())
}
