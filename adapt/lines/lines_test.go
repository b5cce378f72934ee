package lines

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/weftgo/weft/adapt/adapttest"
	"github.com/weftgo/weft/wnet"
)

func numbered() *wnet.Server {
	return &wnet.Server{BufferSize: 64, Handler: Handler(func(c *wnet.Session, line []byte) error {
		if string(line) == "bye" {
			return io.EOF
		}
		_, err := fmt.Fprintf(c, "<%s>", line)
		return err
	})}
}

func TestLinesAreTheSameAtEverySplit(t *testing.T) {
	path := adapttest.Start(t, numbered())
	for in, want := range map[string]string{
		"one\ntwo\r\n\nlast": "<one><two><><last>",
		"one\nbye\ntwo\n":    "<one>",
		"\r\n":               "<>",
		"":                   "",
		strings.Repeat("x", 63) + "\n" + strings.Repeat("y", 65) + "\n": "<" + strings.Repeat("x", 63) + ">",
	} {
		if got := adapttest.SameAtEverySplit(t, path, []byte(in)); string(got) != want {
			t.Errorf("%q brings %q, want %q", in, got, want)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nbye\nc"), []byte{1, 2, 3})
	f.Add(bytes.Repeat([]byte("long "), 20), []byte{9, 9})
	path := adapttest.Start(f, numbered())
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		adapttest.SameInPieces(t, path, data, cuts)
	})
}
