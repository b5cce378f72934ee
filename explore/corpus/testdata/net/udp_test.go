package net

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func udp(t *testing.T) *net.UDPConn {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestUDPMessages(t *testing.T) {
	a, b := udp(t), udp(t)
	to := b.LocalAddr().(*net.UDPAddr)
	for _, s := range []string{"one", "", "three"} {
		if _, err := a.WriteToUDP([]byte(s), to); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 4)
	for _, want := range []struct {
		text  string
		flags int
	}{{"one", 0}, {"", 0}, {"thre", syscall.MSG_TRUNC}} {
		n, _, flags, from, err := b.ReadMsgUDP(buf, nil)
		if err != nil || string(buf[:n]) != want.text || flags&syscall.MSG_TRUNC != want.flags || from.String() != a.LocalAddr().String() {
			t.Errorf("%q, flags %x, from %v, %v, want %q", buf[:n], flags, from, err, want.text)
		}
	}
	_, err := a.WriteToUDP(make([]byte, 65508), to)
	wantErr(t, "a message that is too large", err, syscall.EMSGSIZE)
	b.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err = b.Read(buf)
	wantErr(t, "read", err, os.ErrDeadlineExceeded)
}

func TestConnectedUDP(t *testing.T) {
	server := udp(t)
	client := must[net.Conn](t)(net.Dial("udp", server.LocalAddr().String()))
	defer client.Close()
	other := udp(t)
	buf := make([]byte, 10)
	if _, err := other.WriteToUDP([]byte("spam"), client.LocalAddr().(*net.UDPAddr)); err != nil {
		t.Fatal(err)
	}
	write(t, client, "ask")
	n, from, err := server.ReadFromUDP(buf)
	if err != nil || string(buf[:n]) != "ask" || from.String() != client.LocalAddr().String() {
		t.Fatalf("%q from %v, %v", buf[:n], from, err)
	}
	if _, err := server.WriteToUDP([]byte("answer"), from); err != nil {
		t.Fatal(err)
	}
	if n, err = client.Read(buf); err != nil || string(buf[:n]) != "answer" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	server.Close()
	write(t, client, "anybody?")
	_, err = client.Read(buf)
	wantErr(t, "read after nobody took the message", err, syscall.ECONNREFUSED)
}

func TestUDPWildcard(t *testing.T) {
	server := must[*net.UDPConn](t)(net.ListenUDP("udp", nil))
	defer server.Close()
	port := server.LocalAddr().(*net.UDPAddr).Port
	for _, ip := range []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback} {
		client := must[*net.UDPConn](t)(net.DialUDP("udp", nil, &net.UDPAddr{IP: ip, Port: port}))
		write(t, client, "x")
		buf := make([]byte, 1)
		_, from, err := server.ReadFromUDP(buf)
		if err != nil || !from.IP.Equal(ip) {
			t.Errorf("from %v, %v", from, err)
		}
		client.Close()
	}
}
