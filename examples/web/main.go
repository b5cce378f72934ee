// Web serves net/http handlers over HTTP/1.1, message by message: a connection
// that waits for its next request holds neither a stack nor a buffer.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/adapt/http1"
	"github.com/weftgo/weft/wnet"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8081", "listen on `ADDR`")
	flag.Parse()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s\n", r.PathValue("name"))
	})
	server := wnet.Server{
		Handler:      http1.Handler(&fasthttp.Server{Handler: http1.NetHTTP(mux)}),
		ReadTimeout:  10 * time.Second,
		WriteTimeout: 10 * time.Second,
		IdleTimeout:  time.Minute,
	}
	weft.Main(func() {
		ln, err := wnet.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("web on", ln.Addr())
		log.Fatal(server.Serve(ln))
	})
}
