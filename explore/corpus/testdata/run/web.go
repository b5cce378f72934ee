//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
)

func main() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of connections that the client did not need
	server.StartTLS()
	defer server.Close()
	var wg sync.WaitGroup
	status := make([]string, 6)
	for i := range status {
		wg.Go(func() {
			body, send := io.Pipe()
			go func() {
				fmt.Fprint(send, "body ", i)
				send.Close()
			}()
			resp, err := server.Client().Post(server.URL, "text/plain", body)
			if err != nil {
				panic(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			status[i] = fmt.Sprint(resp.Status, " ", string(got), " ", err)
		})
	}
	wg.Wait()
	for _, s := range status {
		fmt.Println(s)
	}
}
