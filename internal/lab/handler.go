package lab

import (
	"bytes"
	"errors"
	"io"
)

var errLong = errors.New("lab: a request longer than 1 KB")

// Answered answers each request on c until there are no more: the smallest
// handler in blocking style, so that what is measured is what carries it. A
// request may come in any number of pieces. work is done for each; nil is none.
func Answered(c io.ReadWriter, work func()) error {
	buf, answer := make([]byte, 1024), []byte(Answer)
	for got := 0; ; {
		n, err := c.Read(buf[got:])
		if err != nil {
			return err
		}
		got += n
		switch {
		case bytes.HasSuffix(buf[:got], []byte(End)):
		case got == len(buf):
			return errLong
		default:
			continue
		}
		if work != nil {
			work()
		}
		if _, err := c.Write(answer); err != nil {
			return err
		}
		got = 0
	}
}

// Deep uses kb kilobytes of stack, as a handler does that renders or decodes.
//
//go:noinline
func Deep(kb int) byte {
	var frame [1024]byte
	frame[kb%len(frame)] = byte(kb)
	if kb > 1 {
		frame[0] += Deep(kb - 1)
	}
	return frame[0] + frame[kb%len(frame)]
}
