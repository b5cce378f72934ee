package httpd

import (
	"testing"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
)

// run serves w in a runtime of its own until the test ends.
func run(t *testing.T, w *site) {
	addr, ended := make(chan string), make(chan error, 1)
	go func() {
		ended <- weft.Run(func() {
			ln, err := wnet.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Error(err)
				close(addr)
				return
			}
			addr <- ln.Addr().String()
			w.done <- w.Serve(ln)
		}, weft.Procs(2))
	}()
	w.addr = <-addr
	t.Cleanup(func() {
		w.Drain(0)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
