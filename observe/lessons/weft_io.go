package lessons

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// models serves three clients, one coroutine each. The same code runs under
// every I/O model: only weft.IO("...") differs.
func models(out io.Writer) error {
	ln, err := wnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var clients wsync.WaitGroup
	clients.Add(3)
	for i := range 3 {
		weft.Go(func() {
			defer clients.Done()
			echoClient(out, ln.Addr().String(), i)
		})
	}
	for range 3 {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		weft.Go(func() {
			defer conn.Close()
			io.Copy(conn, conn)
		})
	}
	clients.Wait()
	return ln.Close()
}

func echoClient(out io.Writer, addr string, i int) {
	conn, err := wnet.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(out, err)
		return
	}
	defer conn.Close()
	weft.Sleep(time.Duration(i+1) * 5 * time.Millisecond)
	fmt.Fprintf(conn, "client %d\n", i)
	line, _ := bufio.NewReader(conn).ReadString('\n')
	fmt.Fprintf(out, "echo: %s", line)
}
