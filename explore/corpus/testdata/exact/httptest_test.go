package exact

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

func TestHTTP(t *testing.T) {
	var d diary
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.note("served", r.URL.Path)
		fmt.Fprint(w, r.URL.Path[1:])
	}))
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
