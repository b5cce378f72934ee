package wnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

func listenUDP(t *testing.T, network string) *UDPConn {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "udp6" {
		address = "[::1]:0"
	}
	c, err := ListenPacket(network, address)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*UDPConn)
}

func TestDatagramsGoToAndFro(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		for _, network := range []string{"udp", "udp4", "udp6"} {
			a, b := listenUDP(t, network), listenUDP(t, network)
			to := b.LocalAddr().(*net.UDPAddr)
			send := map[string]func(p []byte) error{
				"WriteTo":            func(p []byte) error { return first(a.WriteTo(p, to)) },
				"WriteToUDP":         func(p []byte) error { return first(a.WriteToUDP(p, to)) },
				"WriteToUDPAddrPort": func(p []byte) error { return first(a.WriteToUDPAddrPort(p, to.AddrPort())) },
				"WriteMsgUDP":        func(p []byte) error { _, _, err := a.WriteMsgUDP(p, nil, to); return err },
			}
			receive := map[string]func(p []byte) (int, net.Addr, error){
				"ReadFrom": b.ReadFrom,
				"ReadFromUDPAddrPort": func(p []byte) (int, net.Addr, error) {
					n, from, err := b.ReadFromUDPAddrPort(p)
					return n, net.UDPAddrFromAddrPort(from), err
				},
				"ReadMsgUDP": func(p []byte) (int, net.Addr, error) {
					n, _, _, from, err := b.ReadMsgUDP(p, nil)
					return n, from, err
				},
			}
			for how, write := range send {
				for what, read := range receive {
					spawn(func() {
						parked(t, &b.netFD, sched.Reading)
						if err := write([]byte(how)); err != nil {
							t.Errorf("%s %s: %v", network, how, err)
						}
					})
					p := make([]byte, 64)
					n, from, err := read(p)
					if err != nil || string(p[:n]) != how || from.String() != a.LocalAddr().String() {
						t.Errorf("%s, %s, %s: %q from %v, %v", network, how, what, p[:n], from, err)
					}
				}
			}
		}
	})
}

func TestDatagramsKeepTheirBoundaries(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a := listenUDP(t, "udp")
		c, err := Dial("udp", a.LocalAddr().String())
		check(t, err)
		defer c.Close()
		for _, s := range []string{"first", "", "third, cut short"} {
			if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
				t.Fatal(n, err)
			}
		}
		p := make([]byte, 6)
		for _, want := range []string{"first", "", "third,"} {
			n, from, err := a.ReadFrom(p)
			if err != nil || string(p[:n]) != want || from.String() != c.LocalAddr().String() {
				t.Errorf("got %q from %v, %v; want %q", p[:n], from, err, want)
			}
		}
		a.WriteTo(nil, c.LocalAddr())
		if n, err := c.Read(p); n != 0 || err != nil { // an empty datagram is no end
			t.Errorf("empty: %d, %v", n, err)
		}
		check(t, a.SetReadDeadline(time.Now().Add(time.Millisecond)))
		_, _, err = a.ReadFrom(p)
		isTimeout(t, err, "read")
	})
}

func TestConnectedUDPHasOnePeer(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a, stranger := listenUDP(t, "udp"), listenUDP(t, "udp")
		nc, err := Dial("udp", a.LocalAddr().String())
		check(t, err)
		c := nc.(*UDPConn)
		defer c.Close()
		_, err = c.WriteTo([]byte("x"), stranger.LocalAddr())
		isOpError(t, err, "write", net.ErrWriteToConnected)
		stranger.WriteTo([]byte("from a stranger"), c.LocalAddr())
		a.WriteTo([]byte("from the peer"), c.LocalAddr())
		p := make([]byte, 64)
		if n, err := c.Read(p); string(p[:n]) != "from the peer" || err != nil {
			t.Errorf("got %q, %v", p[:n], err)
		}
		if _, _, err := c.WriteMsgUDPAddrPort([]byte("y"), nil, netip.AddrPort{}); err != nil {
			t.Error(err)
		}
		_, err = a.Write([]byte("x"))
		isOpError(t, err, "write", unix.EDESTADDRREQ)
		_, err = a.WriteTo([]byte("x"), &net.TCPAddr{})
		isOpError(t, err, "write", unix.EINVAL)
		a.Close()
		for range 2 { // the refusal of the first comes back with the second
			if _, err = c.Write([]byte("z")); err != nil {
				break
			}
			_, err = c.Read(p)
		}
		if !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("nobody is there: %v", err)
		}
	})
}

func TestCloseEndsParkedReadFrom(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		a := listenUDP(t, "udp")
		spawn(func() { parked(t, &a.netFD, sched.Reading); a.Close() })
		_, _, err := a.ReadFrom(make([]byte, 1))
		isOpError(t, err, "read", net.ErrClosed)
		_, err = a.WriteTo(nil, a.LocalAddr())
		isOpError(t, err, "write", net.ErrClosed)
	})
}

func TestUnixStreamAndPacket(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		for _, network := range []string{"unix", "unixpacket"} {
			path := filepath.Join(t.TempDir(), network)
			l, err := Listen(network, path)
			if errors.Is(err, unix.EPROTONOSUPPORT) {
				continue // no unixpacket here
			}
			check(t, err)
			if _, err := Listen(network, path); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("%s: the path is in use: %v", network, err)
			}
			spawn(func() {
				c, err := l.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				io.Copy(onlyWriter{c}, c)
			})
			c, err := Dial(network, path)
			check(t, err)
			defer c.Close()
			p := make([]byte, 64)
			for range 3 {
				c.Write([]byte("there and back"))
				if n, err := c.Read(p); string(p[:n]) != "there and back" || err != nil {
					t.Errorf("%s: got %q, %v", network, p[:n], err)
				}
			}
			if c.RemoteAddr().String() != path || c.RemoteAddr().Network() != network || l.Addr().String() != path {
				t.Errorf("%s: %v, %v", network, c.RemoteAddr(), l.Addr())
			}
			c.(*UnixConn).CloseWrite()
			if n, err := c.Read(p); n != 0 || err != io.EOF {
				t.Errorf("%s: at the end %d, %v", network, n, err)
			}
			check(t, l.Close())
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: after Close: %v", network, err)
			}
			isOpError(t, l.Close(), "close", net.ErrClosed)
			_, err = Dial(network, path)
			isOpError(t, err, "dial", fs.ErrNotExist)
		}
	})
}

func TestUnixDatagramsAndDescriptors(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		dir := t.TempDir()
		pa, err := ListenPacket("unixgram", filepath.Join(dir, "a"))
		check(t, err)
		defer pa.Close()
		pb, err := ListenPacket("unixgram", filepath.Join(dir, "b"))
		check(t, err)
		defer pb.Close()
		a, b := pa.(*UnixConn), pb.(*UnixConn)
		spawn(func() { parked(t, &b.netFD, sched.Reading); a.WriteTo([]byte("hello"), b.LocalAddr()) })
		p := make([]byte, 64)
		n, from, err := b.ReadFrom(p)
		if err != nil || string(p[:n]) != "hello" || from.String() != a.LocalAddr().String() {
			t.Errorf("%q from %v, %v", p[:n], from, err)
		}
		c, err := Dial("unixgram", b.LocalAddr().String())
		check(t, err)
		defer c.Close()
		f := tempFile(t, []byte("what the file holds"))
		_, _, err = c.(*UnixConn).WriteMsgUnix([]byte("a file"), unix.UnixRights(int(f.Fd())), nil)
		check(t, err)
		oob := make([]byte, 128)
		n, oobn, _, from2, err := b.ReadMsgUnix(p, oob)
		if err != nil || string(p[:n]) != "a file" || from2 != nil {
			t.Errorf("%q from %v, %v", p[:n], from2, err)
		}
		msgs, err := unix.ParseSocketControlMessage(oob[:oobn])
		check(t, err)
		fds, err := unix.ParseUnixRights(&msgs[0])
		check(t, err)
		g := os.NewFile(uintptr(fds[0]), "received")
		defer g.Close()
		if got, err := io.ReadAll(g); string(got) != "what the file holds" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestAbstractUnixSockets(t *testing.T) {
	name := fmt.Sprintf("@weft-test-%d", os.Getpid())
	l, err := Listen("unix", name)
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	c, err := Dial("unix", name)
	check(t, err)
	c.Close()
}

// Datagram and Unix errors look as package net's do.
func TestPacketErrorsAreShapedAsNets(t *testing.T) {
	type pkg struct {
		dial   func(network, address string) (net.Conn, error)
		listen func(network, address string) (net.Listener, error)
		packet func(network, address string) (net.PacketConn, error)
	}
	packet := func(p pkg) net.PacketConn {
		c, err := p.packet("udp", "127.0.0.1:0")
		check(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	for what, f := range map[string]func(p pkg) error{
		"unknown network": func(p pkg) error { return first(p.packet("upd", "127.0.0.1:0")) },
		"packets of tcp":  func(p pkg) error { return first(p.packet("tcp", "127.0.0.1:0")) },
		"listen on udp":   func(p pkg) error { return first(p.listen("udp", "127.0.0.1:0")) },
		"no such path":    func(p pkg) error { return first(p.dial("unix", "/nonexistent/socket")) },
		"no directory":    func(p pkg) error { return first(p.listen("unix", "/nonexistent/socket")) },
		"no port":         func(p pkg) error { return first(p.dial("udp", "127.0.0.1")) },
		"read closed":     func(p pkg) error { c := packet(p); c.Close(); _, _, err := c.ReadFrom(nil); return err },
		"write closed":    func(p pkg) error { c := packet(p); c.Close(); return first(c.WriteTo([]byte("x"), c.LocalAddr())) },
		"past deadline": func(p pkg) error {
			c := packet(p)
			c.SetDeadline(time.Unix(1, 0))
			return first(c.(net.Conn).Read(make([]byte, 1)))
		},
		"no peer": func(p pkg) error { return first(packet(p).(net.Conn).Write([]byte("x"))) },
		"too big": func(p pkg) error { c := packet(p); return first(c.WriteTo(make([]byte, 70_000), c.LocalAddr())) },
	} {
		got := shape(f(pkg{Dial, Listen, ListenPacket}))
		want := shape(f(pkg{net.Dial, net.Listen, net.ListenPacket}))
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", what, got, want)
		}
	}
}

// One listener a P: the port is the same, and each takes its share.
func TestListenEachSharesAPort(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		const listeners, conns = 2, 64
		list, err := new(ListenConfig).ListenEach(context.Background(), listeners, "tcp", "127.0.0.1:0")
		check(t, err)
		got := make(chan int, conns)
		for i, l := range list {
			if l.Addr().String() != list[0].Addr().String() {
				t.Errorf("%v and %v", l.Addr(), list[0].Addr())
			}
			defer l.Close()
			spawn(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					c.Close()
					got <- i
				}
			})
		}
		var each [listeners]int
		for range conns {
			c, err := Dial("tcp", list[0].Addr().String())
			check(t, err)
			c.Close()
			each[await(got)]++
		}
		if each[0] == 0 || each[1] == 0 { // by chance once in 2^63
			t.Errorf("the listeners took %v", each)
		}
		taken := list[0].Addr().String()
		_, err = Listen("tcp", taken)
		isOpError(t, err, "listen", unix.EADDRINUSE)
	})
}

// Where one family doesn't answer, the other gets its turn beside it.
func TestDialTriesTheOtherFamilyBesideASlowOne(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l, err := Listen("tcp", "[::1]:0")
		if err != nil {
			t.Skip("no IPv6:", err)
		}
		defer l.Close()
		slow, fast := netip.MustParseAddrPort(stuck(t)), netip.MustParseAddrPort(l.Addr().String())
		d := &Dialer{FallbackDelay: time.Millisecond}
		for _, addrs := range [][]netip.AddrPort{{slow, fast}, {fast, slow}} {
			c, err := d.dialAny(context.Background(), "tcp", addrs)
			check(t, err)
			if c.RemoteAddr().String() != fast.String() {
				t.Errorf("connected to %v", c.RemoteAddr())
			}
			c.Close()
		}
		refused := netip.AddrPortFrom(fast.Addr(), 1)
		both := []netip.AddrPort{refused, netip.MustParseAddrPort("127.0.0.1:1")}
		_, err = (&Dialer{FallbackDelay: time.Hour}).dialAny(context.Background(), "tcp", both)
		isOpError(t, err, "dial", unix.ECONNREFUSED)
		if at := err.(*net.OpError).Addr.String(); at != refused.String() {
			t.Errorf("the error is of %s, not of the family that goes first", at)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		_, err = d.dialAny(ctx, "tcp", []netip.AddrPort{slow, netip.MustParseAddrPort("[::1]:1")})
		if err == nil {
			t.Error("connected to nobody")
		}
	})
}
