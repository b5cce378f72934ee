package httpd

import (
	"net"
	"testing"
)

// run serves w in the background until the test ends.
func run(t *testing.T, w *site) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = ln.Addr().String()
	go func() { w.done <- w.Serve(ln) }()
	t.Cleanup(func() { w.Drain(0) })
}
