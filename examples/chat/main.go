// Chat is a WebSocket server: what one client says, all hear. A client that is
// silent costs some hundred bytes.
package main

import (
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/gobwas/ws"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/adapt/websocket"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// room is who is there.
type room struct {
	mu    wsync.Mutex
	conns map[*websocket.Conn]bool
}

func (r *room) join(c *websocket.Conn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = true
	return nil
}

func (r *room) leave(s *wnet.Session, _ error) {
	if c, ok := s.State.(*websocket.Conn); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.conns, c)
	}
}

// say sends to all. A send that fails is of a client that is going, and who does
// not listen is cut by the server's WriteTimeout.
func (r *room) say(_ *websocket.Conn, op ws.OpCode, payload []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Send(op, payload)
	}
	return nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8082", "listen on `ADDR`")
	io := flag.String("io", "", "I/O `MODEL`: blocking, busy, select, poll, epoll or uring")
	flag.Parse()
	r := &room{conns: map[*websocket.Conn]bool{}}
	h := websocket.Handler{Open: r.join, Message: r.say}
	server := wnet.Server{Handler: h.Serve, Closed: r.leave, ReadTimeout: 10 * time.Second, WriteTimeout: time.Second}
	weft.Main(func() {
		ln, err := wnet.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("chat on", ln.Addr())
		log.Fatal(server.Serve(ln))
	}, weft.IO(*io))
}
