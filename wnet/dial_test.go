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
		ctx, cancel := context.WithTimeout(context.Background(), patience)
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
		good := l.fd.laddr.addrPort()
		refused := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), good.Port())
		ctx, cancel := context.WithTimeout(context.Background(), patience)
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
	c := new(TCPConn)
	at := &unix.SockaddrInet4{Port: 4000}
	c.laddr.set(nil, at)
	c.raddr.set(nil, at)
	if !spurious(c, nil) {
		t.Error("a connection to itself")
	}
	c.raddr.set(nil, &unix.SockaddrInet4{Port: 4001})
	if spurious(c, nil) {
		t.Error("an ordinary connection")
	}
	if !spurious(nil, os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)) {
		t.Error("EADDRNOTAVAIL")
	}
}

// A pkg is one package's way of doing things.
type pkg struct {
	listen func(network, address string) (net.Listener, error)
	dial   func(network, address string) (net.Conn, error)
}

func (p pkg) listener(t *testing.T) net.Listener {
	l, err := p.listen("tcp", ownAddress()+":0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func (p pkg) pair(t *testing.T) (a, b tcpConn) {
	l := p.listener(t)
	c, err := p.dial("tcp", l.Addr().String())
	check(t, err)
	t.Cleanup(func() { c.Close() })
	d, err := l.Accept()
	check(t, err)
	t.Cleanup(func() { d.Close() })
	return c.(tcpConn), d.(tcpConn)
}

// tcpConn is what a net.TCPConn and ours have in common.
type tcpConn interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetNoDelay(bool) error
	SetKeepAlive(bool) error
	SetLinger(int) error
	SetReadBuffer(int) error
	SyscallConn() (syscall.RawConn, error)
	File() (*os.File, error)
}

var (
	_ tcpConn = (*net.TCPConn)(nil)
	_ tcpConn = (*TCPConn)(nil)
)

// first drops all results of a call but its error.
func first[T any](_ T, err error) error { return err }

// Errors look as package net's do: the same text but for the ports, the same
// types, and the same answers to Timeout and errors.Is.
func TestErrorsAreShapedAsNets(t *testing.T) {
	buf := make([]byte, 1)
	past := time.Unix(1, 0)
	compare(t, "closed", map[string]func(a, b tcpConn) error{
		"read":          func(a, b tcpConn) error { a.Close(); return first(a.Read(buf)) },
		"write":         func(a, b tcpConn) error { a.Close(); return first(a.Write(buf)) },
		"close":         func(a, b tcpConn) error { a.Close(); return a.Close() },
		"deadline":      func(a, b tcpConn) error { a.Close(); return a.SetDeadline(past) },
		"CloseRead":     func(a, b tcpConn) error { a.Close(); return a.CloseRead() },
		"CloseWrite":    func(a, b tcpConn) error { a.Close(); return a.CloseWrite() },
		"SetNoDelay":    func(a, b tcpConn) error { a.Close(); return a.SetNoDelay(true) },
		"SetKeepAlive":  func(a, b tcpConn) error { a.Close(); return a.SetKeepAlive(true) },
		"SetLinger":     func(a, b tcpConn) error { a.Close(); return a.SetLinger(1) },
		"SetReadBuffer": func(a, b tcpConn) error { a.Close(); return a.SetReadBuffer(1) },
		"File":          func(a, b tcpConn) error { a.Close(); return first(a.File()) },
	}, pkg.pair)
	compare(t, "conn", map[string]func(a, b tcpConn) error{
		"read after deadline":    func(a, b tcpConn) error { a.SetDeadline(past); return first(a.Read(buf)) },
		"write after deadline":   func(a, b tcpConn) error { a.SetDeadline(past); return first(a.Write(buf)) },
		"read at the end":        func(a, b tcpConn) error { b.Close(); return first(a.Read(buf)) },
		"reset":                  func(a, b tcpConn) error { b.SetLinger(0); b.Close(); return first(a.Read(buf)) },
		"write after CloseWrite": func(a, b tcpConn) error { a.CloseWrite(); return first(a.Write(buf)) },
	}, pkg.pair)
	compare(t, "listener", map[string]func(l net.Listener, p pkg) error{
		"accept of closed": func(l net.Listener, p pkg) error { l.Close(); return first(l.Accept()) },
		"accept after deadline": func(l net.Listener, p pkg) error {
			l.(interface{ SetDeadline(time.Time) error }).SetDeadline(past)
			return first(l.Accept())
		},
		"close of closed": func(l net.Listener, p pkg) error { l.Close(); return l.Close() },
		"port in use":     func(l net.Listener, p pkg) error { return first(p.listen("tcp", l.Addr().String())) },
		"refused":         func(l net.Listener, p pkg) error { l.Close(); return first(p.dial("tcp", l.Addr().String())) },
		"unknown network": func(l net.Listener, p pkg) error { return first(p.dial("tpc", "127.0.0.1:1")) },
		"listen unknown":  func(l net.Listener, p pkg) error { return first(p.listen("tpc", "127.0.0.1:1")) },
		"no port":         func(l net.Listener, p pkg) error { return first(p.dial("tcp", "127.0.0.1")) },
		"no address":      func(l net.Listener, p pkg) error { return first(p.dial("tcp", "")) },
		"bad port":        func(l net.Listener, p pkg) error { return first(p.dial("tcp", "127.0.0.1:http-but-not")) },
		"port too big":    func(l net.Listener, p pkg) error { return first(p.dial("tcp", "127.0.0.1:70000")) },
		"v6 for tcp4":     func(l net.Listener, p pkg) error { return first(p.dial("tcp4", "[::1]:1")) },
		"not ours":        func(l net.Listener, p pkg) error { return first(p.listen("tcp", "192.0.2.1:0")) },
	}, func(p pkg, t *testing.T) (net.Listener, pkg) { return p.listener(t), p })
}

// compare runs each case on what each package makes.
func compare[A, B any](t *testing.T, group string, cases map[string]func(A, B) error, with func(pkg, *testing.T) (A, B)) {
	ours, theirs := pkg{Listen, Dial}, pkg{net.Listen, net.Dial}
	for what, f := range cases {
		t.Run(group+"/"+strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			got, want := shape(f(with(ours, t))), shape(f(with(theirs, t)))
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
