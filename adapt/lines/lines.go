// Package lines serves messages that end with a newline, on a wnet.Server.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/weftgo/weft/wnet"
)

// ErrTooLong ends a connection whose line does not fit into the server's
// BufferSize.
var ErrTooLong = errors.New("lines: the line is longer than the buffer")

// Handler returns what a wnet.Server calls for each line: f, with the line
// without its end ("\n" or "\r\n"). line is valid until f reads from c or
// returns. What comes last, without a newline, is a line too. An error of f
// ends the connection.
func Handler(f func(c *wnet.Session, line []byte) error) func(*wnet.Session) error {
	return func(c *wnet.Session) error {
		line, err := c.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull:
			return ErrTooLong
		case err != nil && (err != io.EOF || len(line) == 0):
			return err
		}
		line, _ = bytes.CutSuffix(line, []byte("\n"))
		line, _ = bytes.CutSuffix(line, []byte("\r"))
		if e := f(c, line); e != nil {
			return e
		}
		return err
	}
}
