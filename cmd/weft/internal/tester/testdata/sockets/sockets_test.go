// Package sockets has tests that leave goroutines which wait for the network in memory.
package sockets

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// echo serves one connection.
func echo(t *testing.T) net.Conn {
	l := listen(t)
	defer l.Close()
	c := dial(t, l.Addr().String())
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer s.Close()
		io.Copy(s, s)
	}()
	c.Write([]byte("x"))
	io.ReadFull(c, make([]byte, 1))
	return c
}

func handler(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }

func get(t *testing.T, c *http.Client, url string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(resp.Body)
	resp.Body.Close()
}

// want IO wait: read, tcp 127.0.0.1:32768 ↔ 127.0.0.1:32769
func TestConnectionLeft(t *testing.T) { echo(t) }

// want IO wait: write, tcp
func TestWriterLeft(t *testing.T) {
	l := listen(t)
	defer l.Close()
	c := dial(t, l.Addr().String())
	s, _ := l.Accept()
	done := make(chan bool)
	go func() {
		s.Write(make([]byte, 1<<24))
		close(done)
	}()
	go func() {
		<-done // leaks with the other
		c.Close()
	}()
}

// want IO wait: accept, tcp
func TestServerLeft(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(handler))
	get(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, srv.URL)
}

// The connection is kept by the default client, who may call again, and its server by that.
func TestServerOfAKeptConnection(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(handler))
	get(t, http.DefaultClient, srv.URL)
}

// want IO wait: read, udp
func TestDatagramsLeft(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go c.ReadFrom(make([]byte, 1))
}

// want IO wait: accept, unix @left
func TestUnixLeft(t *testing.T) {
	l, err := net.Listen("unix", "@left")
	if err != nil {
		t.Fatal(err)
	}
	go l.Accept()
}

func TestConnectionClosed(t *testing.T) { echo(t).Close() }

func TestServerClosed(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(handler))
	defer srv.Close()
	get(t, http.DefaultClient, srv.URL)
	get(t, &http.Client{Transport: &http.Transport{}}, srv.URL) // its connection is closed by the server
	get(t, srv.Client(), srv.URL)
}

var start sync.Once
var address string

// The server is kept; what is left of it is the listener's address.
func TestServerKept(t *testing.T) {
	start.Do(func() {
		l := listen(t)
		address = l.Addr().String()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					io.Copy(c, c)
					c.Close()
				}()
			}
		}()
	})
	c := dial(t, address)
	defer c.Close()
	c.Write([]byte("x"))
	io.ReadFull(c, make([]byte, 1))
}

var kept []net.Conn

func TestConnectionKept(t *testing.T) { kept = append(kept, echo(t)) }

func TestConnectionWithADeadline(t *testing.T) {
	l := listen(t)
	defer l.Close()
	c := dial(t, l.Addr().String())
	c.SetDeadline(time.Now().Add(time.Hour))
	go func() {
		io.Copy(io.Discard, c)
		c.Close()
	}()
	s, _ := l.Accept()
	go func() {
		io.Copy(io.Discard, s)
		s.Close()
	}()
}

// Whoever holds a datagram socket may send to every other.
func TestDatagramsKept(t *testing.T) {
	for range 2 {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, c)
		go c.ReadFrom(make([]byte, 1))
	}
}

var packets []net.PacketConn
