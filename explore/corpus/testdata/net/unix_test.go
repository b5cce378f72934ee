package net

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestUnixNames(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	_, err := net.Dial("unix", name)
	wantErr(t, "dial where nothing is", err, syscall.ENOENT)
	l := must[*net.UnixListener](t)(net.ListenUnix("unix", &net.UnixAddr{Name: name}))
	info := must[os.FileInfo](t)(os.Stat(name))
	if info.Mode()&os.ModeSocket == 0 {
		t.Errorf("mode %v", info.Mode())
	}
	_, err = net.Listen("unix", name)
	wantErr(t, "listen on a name that there is", err, syscall.EADDRINUSE)
	_, err = net.Dial("unixgram", name)
	wantErr(t, "dial with another type", err, syscall.EPROTOTYPE)
	if err := os.Rename(name, name+"2"); err != nil {
		t.Fatal(err)
	}
	c := must[net.Conn](t)(net.Dial("unix", name+"2"))
	c.Close()
	if err := os.Rename(name+"2", name); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := os.Stat(name); !os.IsNotExist(err) {
		t.Errorf("the name is there after Close: %v", err)
	}
}

func TestAStaleUnixName(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	l := must[*net.UnixListener](t)(net.ListenUnix("unix", &net.UnixAddr{Name: name}))
	l.SetUnlinkOnClose(false)
	l.Close()
	_, err := net.Dial("unix", name)
	wantErr(t, "dial", err, syscall.ECONNREFUSED)
	_, err = net.Listen("unix", name)
	wantErr(t, "listen", err, syscall.EADDRINUSE)
	os.Remove(name)
	again := must[net.Listener](t)(net.Listen("unix", name))
	again.Close()
}

func TestUnixAddresses(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "s"), "@weft.net.test"} {
		a, b := both(t, "unix", name)
		if b.LocalAddr().String() != name || a.RemoteAddr().String() != name || a.LocalAddr().String() != "" && a.LocalAddr().String() != "@" {
			t.Errorf("%q → %q, %q → %q", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
		}
	}
	_, err := net.Dial("unix", "@weft.nobody")
	wantErr(t, "dial a name that nobody has", err, syscall.ECONNREFUSED)
}

func TestAUnixEndThatIsClosed(t *testing.T) {
	a, b := both(t, "unix", "@weft.closed")
	write(t, b, "last words")
	b.Close()
	_, err := a.Write([]byte("x"))
	wantErr(t, "write", err, syscall.EPIPE)
	if got := must[[]byte](t)(io.ReadAll(a)); string(got) != "last words" {
		t.Errorf("%q", got)
	}
	a, b = both(t, "unix", "@weft.unread")
	write(t, a, "unread")
	b.Close()
	_, err = a.Read(make([]byte, 1))
	wantErr(t, "read", err, syscall.ECONNRESET)
}

func TestUnixPackets(t *testing.T) {
	a, b := both(t, "unixpacket", filepath.Join(t.TempDir(), "s"))
	write(t, a, "one")
	write(t, a, "three")
	buf := make([]byte, 2)
	for _, want := range []string{"on", "th"} {
		if n, err := b.Read(buf); err != nil || string(buf[:n]) != want {
			t.Errorf("%q, %v, want %q", buf[:n], err, want)
		}
	}
	a.Close()
	if _, err := b.Read(buf); err != io.EOF {
		t.Error(err)
	}
}

func TestUnixDatagrams(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) *net.UnixAddr { return &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unixgram"} }
	server := must[*net.UnixConn](t)(net.ListenUnixgram("unixgram", at("server")))
	defer server.Close()
	named := must[*net.UnixConn](t)(net.DialUnix("unixgram", at("client"), at("server")))
	unnamed := must[*net.UnixConn](t)(net.DialUnix("unixgram", nil, at("server")))
	defer unnamed.Close()
	write(t, named, "hello")
	write(t, unnamed, "x")
	buf := make([]byte, 10)
	n, from, err := server.ReadFromUnix(buf)
	if err != nil || string(buf[:n]) != "hello" || from.Name != at("client").Name {
		t.Errorf("%q from %v, %v", buf[:n], from, err)
	}
	if _, err := server.WriteToUnix([]byte("back"), from); err != nil {
		t.Error(err)
	}
	wantRead(t, named, "back")
	named.Close()
	_, err = server.WriteToUnix([]byte("back"), from)
	wantErr(t, "write to a closed one", err, syscall.ECONNREFUSED)
	_, err = server.WriteToUnix([]byte("back"), at("nobody"))
	wantErr(t, "write to nobody", err, syscall.ENOENT)
}

func TestAFullUnixDatagramQueue(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	server := must[*net.UnixConn](t)(net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name}))
	defer server.Close()
	client := must[net.Conn](t)(net.Dial("unixgram", name))
	defer client.Close()
	client.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	var err error
	sent := 0
	for ; err == nil && sent < 10_000; sent++ {
		_, err = client.Write([]byte{byte(sent)})
	}
	wantErr(t, "write", err, os.ErrDeadlineExceeded)
	client.SetWriteDeadline(time.Time{})
	done := make(chan error)
	go func() {
		_, err := client.Write([]byte{byte(sent - 1)})
		done <- err
	}()
	buf := make([]byte, 1)
	for i := range sent {
		if _, err := server.Read(buf); err != nil || buf[0] != byte(i) {
			t.Fatalf("message %d is %d, %v", i, buf[0], err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSocketpair(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for _, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		conns = append(conns, must[net.Conn](t)(net.FileConn(f)))
		f.Close()
	}
	write(t, conns[0], "across")
	wantRead(t, conns[1], "across")
	conns[0].Close()
	if _, err := conns[1].Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	conns[1].Close()
}
