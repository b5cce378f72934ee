package wnet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft/sched"
)

// Others' code that takes a net.Conn or a net.Listener must work with ours.

var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// nettest.TestConn can't pass over crypto/tls, whatever is below it: there a
// write that timed out ends the connection. The rest holds.
func TestTLS(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, b := connPair(t)
		client := tls.Client(a, &tls.Config{InsecureSkipVerify: true})
		server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{certificate()}})
		spawn(func() {
			io.Copy(struct{ io.Writer }{server}, server) // echo
			server.CloseWrite()
		})
		check(t, client.SetReadDeadline(time.Now().Add(patience)))
		check(t, client.Handshake())
		check(t, client.SetReadDeadline(time.Now().Add(2*time.Millisecond)))
		_, err := client.Read(make([]byte, 1))
		isTimeout(t, err, "read")
		check(t, client.SetReadDeadline(time.Time{}))
		data := make([]byte, 1<<20)
		rand.Read(data)
		spawn(func() { client.Write(data); client.CloseWrite() })
		got, err := io.ReadAll(client)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d bytes came back, %v", len(got), err)
		}
		spawn(func() { parked(t, &a.netFD, sched.Reading); a.Close() })
		_, err = a.Read(make([]byte, 1))
		if err != io.EOF && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestNetHTTPServesOnOurListenerThroughOurDialer(t *testing.T) {
	l := listen(t)
	srv := &http.Server{
		ReadTimeout: patience,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s from %s", r.URL.Path, r.RemoteAddr)
		}),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	tr := &http.Transport{DialContext: new(Dialer).DialContext, MaxIdleConnsPerHost: 8}
	client := &http.Client{Transport: tr, Timeout: patience}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				path := fmt.Sprintf("/%d/%d", i, j)
				resp, err := client.Get("http://" + l.Addr().String() + path)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || len(body) < len(path) || string(body[:len(path)]) != path {
					t.Errorf("%s: %q, %v", path, body, err)
				}
			}
		})
	}
	wg.Wait()
	tr.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	check(t, srv.Shutdown(ctx))
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}

func TestFasthttpServesOnOurListener(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		srv := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { fmt.Fprintf(ctx, "%s from %s", ctx.Path(), ctx.RemoteAddr()) }}
		served := make(chan error, 1)
		spawn(func() { served <- srv.Serve(l) })
		client := &fasthttp.Client{Dial: func(addr string) (net.Conn, error) { return Dial("tcp", addr) }}
		for i := range 20 {
			var status int
			var body []byte
			var err error
			sched.Block(func() { status, body, err = client.Get(nil, fmt.Sprintf("http://%s/%d", l.Addr(), i)) })
			if want := fmt.Sprintf("/%d from 127.0.0.1:", i); err != nil || status != 200 || !bytes.HasPrefix(body, []byte(want)) {
				t.Errorf("%d %q, %v", status, body, err)
			}
		}
		client.CloseIdleConnections()
		l.Close()
		await(served)
	})
}

func TestGobwasWebSocketOnOurConnections(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		spawn(func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if _, err := ws.Upgrade(c); err != nil {
				t.Error(err)
			}
			for {
				p, op, err := wsutil.ReadClientData(c)
				if err != nil {
					return
				}
				wsutil.WriteServerMessage(c, op, p)
			}
		})
		d := ws.Dialer{NetDial: new(Dialer).DialContext}
		c, _, _, err := d.Dial(context.Background(), "ws://"+l.Addr().String())
		check(t, err)
		defer c.Close()
		for _, text := range []string{"hello", string(pattern(100_000))} {
			check(t, wsutil.WriteClientBinary(c, []byte(text)))
			got, err := wsutil.ReadServerBinary(c)
			if err != nil || string(got) != text {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
	})
}
