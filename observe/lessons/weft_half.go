package lessons

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// half sends a request in two halves. The handler is in the middle of its parse
// when the first ends.
func half(out io.Writer) error {
	ln, err := wnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var client wsync.WaitGroup
	client.Add(1)
	weft.Go(func() {
		defer client.Done()
		halfClient(out, ln.Addr().String())
	})
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	weft.Go(func() { halfHandler(out, conn) })
	client.Wait()
	return ln.Close()
}

func halfHandler(out io.Writer, conn net.Conn) {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn)) // parks in here, with its stack
	if err != nil {
		fmt.Fprintln(out, err)
		return
	}
	fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\nyou asked for %s\n", req.URL.Path)
}

func halfClient(out io.Writer, addr string) {
	conn, err := wnet.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(out, err)
		return
	}
	defer conn.Close()
	io.WriteString(conn, "GET /whole HT")
	weft.Sleep(20 * time.Millisecond)
	io.WriteString(conn, "TP/1.0\r\n\r\n")
	answer, _ := io.ReadAll(conn)
	fmt.Fprintf(out, "%s", answer)
}
