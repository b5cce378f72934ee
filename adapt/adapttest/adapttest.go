// Package adapttest has what the tests of all adapters need: a server to talk to,
// and clients that send their bytes in pieces of every size.
package adapttest

import (
	"bytes"
	"io"
	"log"
	"net"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
)

// Start serves s on a Unix socket, in coroutines, until the end of the test, and
// returns its path. What it logs goes to the test's log.
func Start(t testing.TB, s *wnet.Server) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "socket")
	if s.ErrorLog == nil {
		s.ErrorLog = log.New(io.Discard, "", 0)
	}
	ready, done := make(chan error, 1), make(chan error, 1)
	go func() {
		done <- weft.Run(func() {
			l, err := wnet.Listen("unix", path)
			ready <- err
			if err == nil {
				_ = s.Serve(l)
			}
		}, weft.NoDeadlock())
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path
}

// Dial connects to what Start returned, for four minutes at most.
func Dial(t testing.TB, path string) *net.UnixConn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(4 * time.Minute))
	return c.(*net.UnixConn)
}

// Exchange sends pieces, each when the server has read the one before, and the
// end of stream, and returns all that comes back.
func Exchange(t testing.TB, path string, pieces [][]byte) []byte {
	t.Helper()
	c := Dial(t, path)
	defer c.Close()
	answer := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(c) // a server that refuses may reset
		answer <- b
	}()
	for _, p := range pieces {
		if _, err := c.Write(p); err != nil {
			break // it has refused what came before
		}
		awaitRead(c)
	}
	c.CloseWrite()
	return date.ReplaceAll(<-answer, []byte("Date: now"))
}

// date is what differs between one second's answer and the next one's.
var date = regexp.MustCompile(`Date: [^\r\n]*`)

// awaitRead waits until the peer has read what c has sent; where the system
// doesn't tell, for a moment: the next piece may then join this one.
func awaitRead(c *net.UnixConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	const tiocoutq = 0x5411 // Linux
	for range 10_000 {
		n := 0
		raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), tiocoutq) })
		if err != nil || n == 0 {
			return
		}
		runtime.Gosched()
	}
}

// Split cuts data into pieces; each cut says how long the next piece is.
func Split(data, cuts []byte) (pieces [][]byte) {
	for _, n := range cuts {
		k := min(int(n), len(data))
		if k > 0 {
			pieces = append(pieces, data[:k])
		}
		data = data[k:]
	}
	if len(data) > 0 {
		pieces = append(pieces, data)
	}
	return pieces
}

// SameInPieces fails unless data brings the same answer in one piece, cut into
// the pieces that cuts says and, if it is short, a byte at a time. It returns it.
func SameInPieces(t testing.TB, path string, data, cuts []byte) []byte {
	t.Helper()
	want := Exchange(t, path, [][]byte{data})
	try := func(pieces [][]byte) {
		if got := Exchange(t, path, pieces); !bytes.Equal(got, want) {
			t.Errorf("%q\nin one piece:  %q\nin pieces %q: %q", data, want, pieces, got)
		}
	}
	try(Split(data, cuts))
	if len(data) <= 64 {
		try(Split(data, bytes.Repeat([]byte{1}, len(data))))
	}
	return want
}

// SameAtEverySplit fails unless data brings the same answer wherever it is cut in
// two. It returns it.
func SameAtEverySplit(t testing.TB, path string, data []byte) []byte {
	t.Helper()
	want := Exchange(t, path, [][]byte{data})
	for at := 1; at < len(data); at++ {
		if got := Exchange(t, path, [][]byte{data[:at], data[at:]}); !bytes.Equal(got, want) {
			t.Errorf("cut at %d: %q\nin one piece: %q\nin two:       %q", at, data, want, got)
		}
	}
	return want
}
