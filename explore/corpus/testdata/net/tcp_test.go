package net

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// both returns the two ends of a connection.
func both(t *testing.T, network, address string) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func tcp(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	x, y := both(t, "tcp", "127.0.0.1:0")
	return x.(*net.TCPConn), y.(*net.TCPConn)
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantErr fails the test unless err is one of those.
func wantErr(t *testing.T, what string, err error, any ...error) {
	t.Helper()
	for _, e := range any {
		if errors.Is(err, e) {
			return
		}
	}
	t.Errorf("%s: %v, want %v", what, err, any)
}

func wantRead(t *testing.T, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != want {
		t.Fatalf("read %q, %v, want %q", buf, err, want)
	}
}

func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if n, err := c.Write([]byte(s)); err != nil || n != len(s) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

func TestAddressesAreEachOthers(t *testing.T) {
	a, b := tcp(t)
	if a.LocalAddr().String() != b.RemoteAddr().String() || b.LocalAddr().String() != a.RemoteAddr().String() {
		t.Errorf("%v → %v, %v → %v", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
	}
	if !a.LocalAddr().(*net.TCPAddr).IP.Equal(net.IPv4(127, 0, 0, 1)) {
		t.Error(a.LocalAddr())
	}
}

func TestNobodyListens(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	l.Close()
	_, err := net.Dial("tcp", l.Addr().String())
	wantErr(t, "dial", err, syscall.ECONNREFUSED)
	again := must[net.Listener](t)(net.Listen("tcp", l.Addr().String()))
	defer again.Close()
	_, err = net.Listen("tcp", l.Addr().String())
	wantErr(t, "listen on a port that somebody has", err, syscall.EADDRINUSE)
	_, err = net.Listen("tcp", strings.Replace(l.Addr().String(), "127.0.0.1", "", 1))
	wantErr(t, "listen on it with all addresses", err, syscall.EADDRINUSE)
}

func TestAPortIsFreeWhenItsConnectionsAreClosed(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	a := must[net.Conn](t)(net.Dial("tcp", l.Addr().String()))
	b := must[net.Conn](t)(l.Accept())
	l.Close()
	l = must[net.Listener](t)(net.Listen("tcp", l.Addr().String())) // while there is a connection
	a.Close()
	b.Close()
	l.Close()
}

func TestHalfClose(t *testing.T) {
	a, b := tcp(t)
	write(t, a, "ask")
	a.CloseWrite()
	if got := must[[]byte](t)(io.ReadAll(b)); string(got) != "ask" {
		t.Errorf("%q", got)
	}
	_, err := a.Write([]byte("more"))
	wantErr(t, "write after CloseWrite", err, syscall.EPIPE)
	write(t, b, "answer")
	b.Close()
	if got := must[[]byte](t)(io.ReadAll(a)); string(got) != "answer" {
		t.Errorf("%q", got)
	}
}

func TestCloseReadIsLocal(t *testing.T) {
	a, b := tcp(t)
	a.CloseRead()
	if n, err := a.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	write(t, b, "x")
	write(t, a, "y")
	wantRead(t, b, "y")
}

func TestWriteToAClosedEnd(t *testing.T) {
	a, b := tcp(t)
	b.Close()
	if n, err := a.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read: %d, %v", n, err)
	}
	if _, err := a.Write([]byte("1")); err != nil {
		t.Errorf("the first write: %v", err)
	}
	time.Sleep(time.Millisecond)
	_, err := a.Write([]byte("2"))
	wantErr(t, "the second write", err, syscall.EPIPE)
}

func TestUnreadDataResets(t *testing.T) {
	a, b := tcp(t)
	write(t, b, "said")
	write(t, a, "unread")
	time.Sleep(time.Millisecond)
	b.Close()
	time.Sleep(time.Millisecond)
	_, err := io.ReadAll(a)
	wantErr(t, "read", err, syscall.ECONNRESET)
}

func TestLingerZeroResets(t *testing.T) {
	a, b := tcp(t)
	b.SetLinger(0)
	b.Close()
	_, err := a.Read(make([]byte, 1))
	wantErr(t, "read", err, syscall.ECONNRESET)
	_, err = a.Write([]byte("x"))
	wantErr(t, "write", err, syscall.EPIPE)
}

func TestAListenerTakesItsQueueAlong(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	a := must[net.Conn](t)(net.Dial("tcp", l.Addr().String()))
	defer a.Close()
	l.Close()
	_, err := a.Read(make([]byte, 1))
	wantErr(t, "read", err, syscall.ECONNRESET)
}

func TestDeadlinesAndClose(t *testing.T) {
	a, b := tcp(t)
	a.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := a.Read(make([]byte, 1))
	wantErr(t, "read", err, os.ErrDeadlineExceeded)
	a.SetReadDeadline(time.Time{})
	write(t, b, "x")
	wantRead(t, a, "x")
	time.AfterFunc(time.Millisecond, func() { a.Close() })
	_, err = a.Read(make([]byte, 1))
	wantErr(t, "read while it is closed", err, net.ErrClosed)

	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Millisecond))
	_, err = l.Accept()
	wantErr(t, "accept", err, os.ErrDeadlineExceeded)
	l.(*net.TCPListener).SetDeadline(time.Time{})
	time.AfterFunc(time.Millisecond, func() { l.Close() })
	_, err = l.Accept()
	wantErr(t, "accept while it is closed", err, net.ErrClosed)
}

func TestAFullConnectionBlocksItsWriter(t *testing.T) {
	a, b := tcp(t)
	a.SetWriteBuffer(16 << 10)
	b.SetReadBuffer(16 << 10)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	a.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	n, err := a.Write(big)
	wantErr(t, "write", err, os.ErrDeadlineExceeded)
	if n == 0 || n == len(big) {
		t.Fatalf("%d bytes written", n)
	}
	a.SetWriteDeadline(time.Time{})
	var wg sync.WaitGroup
	wg.Go(func() {
		a.Write(big[n:])
		a.CloseWrite()
	})
	got := must[[]byte](t)(io.ReadAll(b))
	wg.Wait()
	if !bytes.Equal(got, big) {
		t.Errorf("%d bytes came, not those that were written", len(got))
	}
}

func TestFamilies(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp", ":0"))
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for _, host := range []string{"127.0.0.1", "::1", "localhost", ""} {
		address := (&net.TCPAddr{Port: port}).String()
		a := must[net.Conn](t)(net.Dial("tcp", host6(host)+address))
		b := must[net.Conn](t)(l.Accept())
		if a.RemoteAddr().(*net.TCPAddr).IP.To4() != nil != (b.LocalAddr().(*net.TCPAddr).IP.To4() != nil) {
			t.Errorf("%v and %v", a.RemoteAddr(), b.LocalAddr())
		}
		write(t, a, host+".")
		wantRead(t, b, host+".")
		a.Close()
		b.Close()
	}
	four := must[net.Listener](t)(net.Listen("tcp4", "127.0.0.1:0"))
	defer four.Close()
	six := must[net.Listener](t)(net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6loopback, Port: four.Addr().(*net.TCPAddr).Port}))
	six.Close()
}

func host6(host string) string {
	if host == "::1" {
		return "[::1]"
	}
	return host
}

func TestManyAreAcceptedInOrder(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	var conns []net.Conn
	for range 100 {
		conns = append(conns, must[net.Conn](t)(net.Dial("tcp", l.Addr().String())))
	}
	for _, a := range conns {
		b := must[net.Conn](t)(l.Accept())
		if a.LocalAddr().String() != b.RemoteAddr().String() {
			t.Errorf("accepted %v, want %v", b.RemoteAddr(), a.LocalAddr())
		}
		a.Close()
		b.Close()
	}
}

func TestBuffersFilesAndCopies(t *testing.T) {
	a, b := tcp(t)
	c, d := tcp(t)
	name := t.TempDir() + "/f"
	if err := os.WriteFile(name, []byte("file "), 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer a.CloseWrite()
		(&net.Buffers{[]byte("one "), nil, []byte("two ")}).WriteTo(a)
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		io.Copy(a, f)
	}()
	go func() {
		io.Copy(c, b)
		c.CloseWrite()
	}()
	if got := must[[]byte](t)(io.ReadAll(d)); string(got) != "one two file " {
		t.Errorf("%q", got)
	}
}

func TestOptions(t *testing.T) {
	a, b := tcp(t)
	raw := must[syscall.RawConn](t)(a.SyscallConn())
	get := func(level, name int) (v int) {
		raw.Control(func(fd uintptr) { v, _ = syscall.GetsockoptInt(int(fd), level, name) })
		return v
	}
	if v := get(syscall.IPPROTO_TCP, syscall.TCP_NODELAY); v == 0 {
		t.Error("no TCP_NODELAY")
	}
	a.SetNoDelay(false)
	if v := get(syscall.IPPROTO_TCP, syscall.TCP_NODELAY); v != 0 {
		t.Error("still TCP_NODELAY")
	}
	if v := get(syscall.SOL_SOCKET, syscall.SO_TYPE); v != syscall.SOCK_STREAM {
		t.Error("type", v)
	}
	a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 7 * time.Second, Interval: 3 * time.Second, Count: 2})
	if v := get(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE); v != 7 {
		t.Error("keep-alive after", v)
	}
	write(t, b, "peeked")
	buf := make([]byte, 10)
	raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), buf, syscall.MSG_PEEK)
		if err == nil && string(buf[:n]) != "peeked" {
			t.Errorf("%q", buf[:n])
		}
		return err != syscall.EAGAIN
	})
	wantRead(t, a, "peeked")
}

func TestAFileOfAConnection(t *testing.T) {
	a, b := tcp(t)
	f := must[*os.File](t)(a.File())
	c := must[net.Conn](t)(net.FileConn(f))
	f.Close()
	a.Close()
	write(t, c, "still there")
	wantRead(t, b, "still there")
	c.Close()
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}
