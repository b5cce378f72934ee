package wnet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func tempFile(t *testing.T, content []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(name, content, 0o600))
	f, err := os.Open(name)
	check(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// received collects what comes on c, and its end.
func received(spawn func(func()), c io.Reader) <-chan []byte {
	got := make(chan []byte, 1)
	spawn(func() { b, _ := io.ReadAll(c); got <- b })
	return got
}

func TestFilesAreSentWholeOrInPart(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		content := pattern(3 << 20) // more than the kernel's buffers hold: it parks
		a, b := connPair(t)
		got := received(spawn, b)
		f := tempFile(t, content)
		if n, err := io.Copy(a, io.LimitReader(f, 100)); n != 100 || err != nil {
			t.Errorf("limited: %d, %v", n, err)
		}
		if n, err := io.Copy(a, f); n != int64(len(content)-100) || err != nil {
			t.Errorf("the rest: %d, %v", n, err)
		}
		if n, err := a.ReadFrom(strings.NewReader("no file")); n != 7 || err != nil {
			t.Errorf("from a reader: %d, %v", n, err)
		}
		a.CloseWrite()
		if g := await(got); !bytes.Equal(g, append(content, "no file"...)) {
			t.Errorf("%d bytes came, not the same", len(g))
		}
	})
}

func TestCopyBetweenConnectionsArrivesWhole(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		content := pattern(2 << 20)
		in, a := connPair(t)
		b, out := connPair(t)
		got := received(spawn, out)
		spawn(func() { in.Write(content); in.CloseWrite() })
		n, err := io.Copy(b, a)
		if n != int64(len(content)) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		b.CloseWrite()
		if g := await(got); !bytes.Equal(g, content) {
			t.Errorf("%d bytes came, not the same", len(g))
		}
	})
}

func TestCopyEndsWithItsConnections(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		_, a := connPair(t)
		b, _ := connPair(t)
		spawn(func() { parked(t, &a.netFD, sched.Reading); a.Close() })
		_, err := io.Copy(b, a)
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("the source was closed: %v", err)
		}
		f := tempFile(t, pattern(8<<20))
		spawn(func() { parked(t, &b.netFD, sched.Writing); b.SetWriteDeadline(time.Unix(1, 0)) })
		n, err := b.ReadFrom(f) // nobody reads
		isTimeout(t, err, "readfrom")
		if at, _ := f.Seek(0, io.SeekCurrent); at != n {
			t.Errorf("the file is at %d, %d were sent", at, n)
		}
	})
}

func TestWriteBuffersIsOneMessage(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		bufs := net.Buffers{[]byte("one "), nil, []byte("two "), {}, []byte("three")}
		if n, err := a.WriteBuffers(&bufs); n != 13 || err != nil || len(bufs) != 0 {
			t.Fatalf("%d, %v, left %q", n, err, bufs)
		}
		p := make([]byte, 64)
		if n, err := b.Read(p); string(p[:n]) != "one two three" || err != nil {
			t.Errorf("got %q, %v", p[:n], err)
		}
		var many, want = net.Buffers{}, []byte{}
		for i := range 3000 {
			many, want = append(many, pattern(i)), append(want, pattern(i)...)
		}
		got := received(spawn, b)
		if n, err := a.WriteBuffers(&many); n != int64(len(want)) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		std := net.Buffers{[]byte("also "), []byte("works")}
		if n, err := std.WriteTo(a); n != 10 || err != nil {
			t.Errorf("net.Buffers: %d, %v", n, err)
		}
		a.CloseWrite()
		if g := await(got); !bytes.Equal(g, append(want, "also works"...)) {
			t.Errorf("%d bytes came, not the same", len(g))
		}
		_, err := a.WriteBuffers(&net.Buffers{[]byte("x")})
		isOpError(t, err, "write", unix.EPIPE)
	})
}

func TestBufioOnAConnection(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		spawn(func() {
			w := bufio.NewWriter(a)
			for range 1000 {
				w.WriteString("line after line\n")
			}
			w.Flush()
			a.CloseWrite()
		})
		lines := 0
		for s := bufio.NewScanner(b); s.Scan(); lines++ {
			if s.Text() != "line after line" {
				t.Fatalf("got %q", s.Text())
			}
		}
		if lines != 1000 {
			t.Errorf("%d lines", lines)
		}
	})
}
