package exact

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Requests that share a connection, over TLS.
func TestHTTP2(t *testing.T) {
	var d diary
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.note("served", r.Proto, r.URL.Path)
		fmt.Fprint(w, r.URL.Path[1:])
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			resp, err := server.Client().Get(fmt.Sprint(server.URL, "/", i))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			d.note("got", string(body), err)
		})
	}
	wg.Wait()
	d.tell(t)
}

// Lines that several connections send to one another through a server, over TCP and a Unix socket.
func TestChat(t *testing.T) {
	var d diary
	for _, network := range []string{"tcp", "unix"} {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = "@exact.chat"
		}
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var all []net.Conn
		var serving, talking sync.WaitGroup
		serving.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				mu.Lock()
				all = append(all, c)
				mu.Unlock()
				serving.Go(func() {
					defer c.Close()
					for s := bufio.NewScanner(c); s.Scan(); {
						d.note(network, "said", s.Text())
						mu.Lock()
						for _, other := range all {
							fmt.Fprintln(other, s.Text())
						}
						mu.Unlock()
					}
				})
			}
		})
		for i := range 3 {
			talking.Go(func() {
				c, err := net.Dial(network, l.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				fmt.Fprintln(c, "hello from", i)
				line, err := bufio.NewReader(c).ReadString('\n')
				d.note(network, i, "heard", line, err)
			})
		}
		talking.Wait()
		l.Close()
		serving.Wait()
	}
	d.tell(t)
}
