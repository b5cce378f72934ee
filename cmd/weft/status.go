package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/cmd/weft/internal/httpd"
)

// showStatus rewrites a line of figures each second, if w is a terminal, until
// the runtime ends.
func showStatus(w io.Writer, server *httpd.Server) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return
	}
	defer fmt.Fprintln(w)
	last, requests, at := weft.ReadStats(), server.Requests(), time.Now()
	for {
		weft.Sleep(time.Second)
		now, n, t := weft.ReadStats(), server.Requests(), time.Now()
		line := statusLine(last, now, server.Conns(), n-requests, t.Sub(at))
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			line = line[:min(len(line), width-1)]
		}
		fmt.Fprintf(w, "\r%s\x1b[K", line)
		last, requests, at = now, n, t
	}
}

// statusLine says what happened between two looks at the runtime.
func statusLine(last, now weft.Stats, conns int, requests uint64, in time.Duration) string {
	rate := func(n uint64) float64 { return float64(n) / in.Seconds() }
	return fmt.Sprintf("%.0f req/s, %d connections | coroutines %d: %d parked, %d runnable, %d running"+
		" | %.0f steals/s, %.0f hand-offs/s",
		rate(requests), conns, now.Coroutines, now.Parked, now.Runnable, now.Running,
		rate(now.Steals-last.Steals), rate(now.Handoffs-last.Handoffs))
}
