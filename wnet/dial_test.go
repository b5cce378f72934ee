package wnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

func TestRefusedConnection(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		addr := l.Addr().String()
		l.Close()
		_, err := Dial("tcp", addr)
		isOpError(t, err, "dial", syscall.ECONNREFUSED)
	})
}

// stuck listens with a full queue: a connect to it hangs.
func stuck(t *testing.T) string {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	check(t, err)
	t.Cleanup(func() { unix.Close(s) })
	check(t, unix.Bind(s, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, unix.Listen(s, 0))
	sa, err := unix.Getsockname(s)
	check(t, err)
	addr := addrPort(sa).String()
	for range 3 { // more than fit
		c, err := sysSocket(unix.AF_INET, unix.SOCK_STREAM)
		check(t, err)
		t.Cleanup(func() { unix.Close(c) })
		unix.Connect(c, sa)
	}
	return addr
}

func TestDialTimesOut(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		addr := stuck(t)
		for what, d := range map[string]*Dialer{
			"timeout":  {Timeout: 3 * time.Millisecond},
			"deadline": {Deadline: time.Now().Add(3 * time.Millisecond)},
			"past":     {Deadline: time.Now().Add(-time.Second)},
		} {
			_, err := d.Dial("tcp", addr)
			var ne net.Error
			if !errors.As(err, &ne) || !ne.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestCancelEndsDial(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		addr := stuck(t)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		spawn(func() { _, err := new(Dialer).DialContext(ctx, "tcp", addr); done <- err })
		for range 20 {
			sched.Yield()
		}
		cancel()
		isOpError(t, await(done), "dial", context.Canceled)
		_, err := new(Dialer).DialContext(ctx, "tcp", addr)
		isOpError(t, err, "dial", context.Canceled)
	})
}

func TestContextDoesNotMatterOnceConnected(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		c, err := new(Dialer).DialContext(ctx, "tcp", l.Addr().String())
		check(t, err)
		defer c.Close()
		cancel()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNameThatDoesNotResolve(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no name server here")
		}}
		_, err := (&Dialer{Resolver: r}).Dial("tcp", "no-such-host.invalid:80")
		var dns *net.DNSError
		var oe *net.OpError
		if !errors.As(err, &dns) || !errors.As(err, &oe) || oe.Op != "dial" {
			t.Fatalf("%v (%T)", err, err)
		}
	})
}

func TestEachAddressOfANameIsTried(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		good := l.laddr.ap
		refused := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), good.Port())
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		c, err := new(Dialer).dialEach(ctx, "tcp", []netip.AddrPort{refused, good})
		check(t, err)
		c.Close()
		l.Close()
		_, err = new(Dialer).dialEach(ctx, "tcp", []netip.AddrPort{refused, good})
		isOpError(t, err, "dial", syscall.ECONNREFUSED)
		if addr := err.(*net.OpError).Addr.String(); addr != refused.String() {
			t.Errorf("the error is of %s, not of the first address", addr)
		}
	})
}

func TestDialFromLocalAddr(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		d := &Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}}
		c, err := d.Dial("tcp", l.Addr().String())
		check(t, err)
		defer c.Close()
		if host, _, _ := net.SplitHostPort(c.LocalAddr().String()); host != "127.0.0.3" {
			t.Errorf("from %v", c.LocalAddr())
		}
		d.LocalAddr = &net.UDPAddr{}
		if _, err := d.Dial("tcp", l.Addr().String()); err == nil {
			t.Error("a UDP address was taken for a TCP one")
		}
		d.LocalAddr = &net.TCPAddr{IP: net.IPv6loopback}
		if _, err := d.Dial("tcp", l.Addr().String()); err == nil {
			t.Error("dialed IPv4 from IPv6")
		}
	})
}

func TestDialControl(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		called := ""
		d := &Dialer{Control: func(network, address string, c syscall.RawConn) error {
			called = network + " " + address
			return nil
		}}
		c, err := d.Dial("tcp", l.Addr().String())
		check(t, err)
		c.Close()
		if want := "tcp4 " + l.Addr().String(); called != want {
			t.Errorf("called with %q, want %q", called, want)
		}
		no := errors.New("no")
		d.ControlContext = func(context.Context, string, string, syscall.RawConn) error { return no }
		_, err = d.Dial("tcp", l.Addr().String())
		isOpError(t, err, "dial", no)
	})
}

func TestSelfConnectIsRecognised(t *testing.T) {
	ap := netip.MustParseAddrPort("127.0.0.1:4000")
	c := new(TCPConn)
	c.laddr.ap, c.raddr.ap = ap, ap
	if !spurious(c, nil) {
		t.Error("a connection to itself")
	}
	c.raddr.ap = netip.MustParseAddrPort("127.0.0.1:4001")
	if spurious(c, nil) {
		t.Error("an ordinary connection")
	}
	if !spurious(nil, os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)) {
		t.Error("EADDRNOTAVAIL")
	}
}

func TestNetworksThatAreNotThereYetSaySo(t *testing.T) {
	for _, network := range []string{"udp", "unix"} {
		_, err := Dial(network, "127.0.0.1:1")
		if err == nil || !strings.Contains(err.Error(), "not implemented") {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// netAndWnet is one package's way of doing things.
type netAndWnet struct {
	name   string
	listen func(network, address string) (net.Listener, error)
	dial   func(network, address string) (net.Conn, error)
}

// Errors look as package net's do: the same text but for the ports, the same
// types, and the same answers to Timeout and errors.Is.
func TestErrorsAreShapedAsNets(t *testing.T) {
	pkgs := []netAndWnet{{"net", net.Listen, net.Dial}, {"wnet", Listen, Dial}}
	pair := func(t *testing.T, p netAndWnet) (a, b net.Conn) {
		l, err := p.listen("tcp", "127.0.0.1:0")
		check(t, err)
		defer l.Close()
		a, err = p.dial("tcp", l.Addr().String())
		check(t, err)
		b, err = l.Accept()
		check(t, err)
		t.Cleanup(func() { a.Close(); b.Close() })
		return a, b
	}
	for what, f := range map[string]func(t *testing.T, p netAndWnet) error{
		"read of closed": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.Close()
			_, err := a.Read(make([]byte, 1))
			return err
		},
		"write to closed": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.Close()
			_, err := a.Write([]byte("x"))
			return err
		},
		"close of closed": func(t *testing.T, p netAndWnet) error { a, _ := pair(t, p); a.Close(); return a.Close() },
		"deadline of closed": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.Close()
			return a.SetDeadline(time.Now())
		},
		"read after deadline": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.SetDeadline(time.Unix(1, 0))
			_, err := a.Read(make([]byte, 1))
			return err
		},
		"write after deadline": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.SetDeadline(time.Unix(1, 0))
			_, err := a.Write(make([]byte, 1))
			return err
		},
		"read at the end": func(t *testing.T, p netAndWnet) error {
			a, b := pair(t, p)
			b.Close()
			_, err := a.Read(make([]byte, 1))
			return err
		},
		"reset": func(t *testing.T, p netAndWnet) error {
			a, b := pair(t, p)
			b.(interface{ SetLinger(int) error }).SetLinger(0)
			b.Close()
			_, err := a.Read(make([]byte, 1))
			return err
		},
		"write after CloseWrite": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.(interface{ CloseWrite() error }).CloseWrite()
			_, err := a.Write([]byte("x"))
			return err
		},
		"CloseWrite of closed": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.Close()
			return a.(interface{ CloseWrite() error }).CloseWrite()
		},
		"SetNoDelay of closed": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.Close()
			return a.(interface{ SetNoDelay(bool) error }).SetNoDelay(true)
		},
		"SetReadBuffer of closed": func(t *testing.T, p netAndWnet) error {
			a, _ := pair(t, p)
			a.Close()
			return a.(interface{ SetReadBuffer(int) error }).SetReadBuffer(1)
		},
		"refused": func(t *testing.T, p netAndWnet) error {
			l, err := p.listen("tcp", "127.0.0.1:0")
			check(t, err)
			l.Close()
			_, err = p.dial("tcp", l.Addr().String())
			return err
		},
		"accept of closed": func(t *testing.T, p netAndWnet) error {
			l, err := p.listen("tcp", "127.0.0.1:0")
			check(t, err)
			l.Close()
			_, err = l.Accept()
			return err
		},
		"accept after deadline": func(t *testing.T, p netAndWnet) error {
			l, err := p.listen("tcp", "127.0.0.1:0")
			check(t, err)
			defer l.Close()
			l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Unix(1, 0))
			_, err = l.Accept()
			return err
		},
		"listener close of closed": func(t *testing.T, p netAndWnet) error {
			l, err := p.listen("tcp", "127.0.0.1:0")
			check(t, err)
			l.Close()
			return l.Close()
		},
		"port in use": func(t *testing.T, p netAndWnet) error {
			l, err := p.listen("tcp", "127.0.0.1:0")
			check(t, err)
			defer l.Close()
			_, err = p.listen("tcp", l.Addr().String())
			return err
		},
		"unknown network":     func(t *testing.T, p netAndWnet) error { _, err := p.dial("tpc", "127.0.0.1:1"); return err },
		"listen on unknown":   func(t *testing.T, p netAndWnet) error { _, err := p.listen("tpc", "127.0.0.1:1"); return err },
		"no port":             func(t *testing.T, p netAndWnet) error { _, err := p.dial("tcp", "127.0.0.1"); return err },
		"no address":          func(t *testing.T, p netAndWnet) error { _, err := p.dial("tcp", ""); return err },
		"bad port":            func(t *testing.T, p netAndWnet) error { _, err := p.dial("tcp", "127.0.0.1:http-but-not"); return err },
		"port too big":        func(t *testing.T, p netAndWnet) error { _, err := p.dial("tcp", "127.0.0.1:70000"); return err },
		"v6 address for tcp4": func(t *testing.T, p netAndWnet) error { _, err := p.dial("tcp4", "[::1]:1"); return err },
		"not ours":            func(t *testing.T, p netAndWnet) error { _, err := p.listen("tcp", "192.0.2.1:0"); return err },
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			want, got := shape(f(t, pkgs[0])), shape(f(t, pkgs[1]))
			if got != want {
				t.Errorf("\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

var port = regexp.MustCompile(`:\d{4,5}\b`)

// shape says everything of an error that a caller may look at.
func shape(err error) string {
	s := port.ReplaceAllString(fmt.Sprint(err), ":PORT")
	s += fmt.Sprintf(" | closed %v, timeout %v", errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded))
	if ne, ok := err.(net.Error); ok {
		s += fmt.Sprintf(" | Timeout %v", ne.Timeout())
	}
	for ; err != nil; err = errors.Unwrap(err) {
		s += fmt.Sprintf(" | %T", err)
		if oe, ok := err.(*net.OpError); ok {
			s += fmt.Sprintf("{%s %s %T %T}", oe.Op, oe.Net, oe.Source, oe.Addr)
		}
	}
	return s
}

func TestAddressesAreAsInNet(t *testing.T) {
	l := listen(t)
	c, err := Dial("tcp", l.Addr().String())
	check(t, err)
	defer c.Close()
	s, err := l.Accept()
	check(t, err)
	defer s.Close()
	if c.RemoteAddr().String() != l.Addr().String() || c.LocalAddr().String() != s.RemoteAddr().String() {
		t.Errorf("%v -> %v, but the server has %v <- %v", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
	}
	a, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok || !a.IP.Equal(net.IPv4(127, 0, 0, 1)) || a.Network() != "tcp" {
		t.Errorf("%v (%T)", c.LocalAddr(), c.LocalAddr())
	}
	if c.LocalAddr() != c.LocalAddr() {
		t.Error("a new address each time")
	}
}
