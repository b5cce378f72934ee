// Keyvalue is a store that is spoken to in lines: "set KEY VALUE", "get KEY",
// "quit". It is served message by message.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/adapt/lines"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

type store struct {
	mu     wsync.RWMutex
	values map[string]string
}

func (s *store) do(c *wnet.Session, line []byte) error {
	verb, rest, _ := strings.Cut(string(line), " ")
	key, value, _ := strings.Cut(rest, " ")
	answer := "error: say set KEY VALUE, get KEY or quit"
	switch verb {
	case "set":
		s.mu.Lock()
		s.values[key] = value
		s.mu.Unlock()
		answer = "ok"
	case "get":
		s.mu.RLock()
		answer = s.values[key]
		s.mu.RUnlock()
	case "quit":
		return io.EOF
	}
	_, err := fmt.Fprintln(c, answer)
	return err
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8083", "listen on `ADDR`")
	flag.Parse()
	s := &store{values: map[string]string{}}
	server := wnet.Server{Handler: lines.Handler(s.do), ReadTimeout: 10 * time.Second, IdleTimeout: time.Hour}
	weft.Main(func() {
		ln, err := wnet.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("keyvalue on", ln.Addr())
		log.Fatal(server.Serve(ln))
	})
}
