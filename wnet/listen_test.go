package wnet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/sched"
)

func TestCloseEndsParkedAccept(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		done := make(chan error, 2)
		for range 2 { // one parks in accept, one waits for its turn
			spawn(func() { _, err := l.Accept(); done <- err })
		}
		parked(t, &l.fd, sched.Reading)
		check(t, l.Close())
		for range 2 {
			isOpError(t, await(done), "accept", net.ErrClosed)
		}
		_, err := l.Accept()
		isOpError(t, err, "accept", net.ErrClosed)
		isOpError(t, l.Close(), "close", net.ErrClosed)
	})
}

func TestAddressIsFreeWhenCloseReturns(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		addr := l.Addr().String()
		for range 30 {
			done := make(chan error, 1)
			spawn(func() { _, err := l.Accept(); done <- err })
			parked(t, &l.fd, sched.Reading)
			check(t, l.Close())
			again, err := Listen("tcp", addr)
			check(t, err)
			await(done)
			l = again.(*TCPListener)
		}
		l.Close()
	})
}

func TestPortInUse(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		_, err := Listen("tcp", l.Addr().String())
		isOpError(t, err, "listen", syscall.EADDRINUSE)
	})
}

func TestAcceptDeadline(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		check(t, l.SetDeadline(time.Now().Add(2*time.Millisecond)))
		_, err := l.Accept()
		isTimeout(t, err, "accept")
		check(t, l.SetDeadline(time.Time{}))
		c, err := Dial("tcp", l.Addr().String())
		check(t, err)
		defer c.Close()
		s, err := l.Accept()
		check(t, err)
		s.Close()
	})
}

// Many connections may come with one event.
func TestEveryPendingConnectionIsAccepted(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		const count = 100
		seen := make(map[string]bool)
		for range count {
			c, err := Dial("tcp", l.Addr().String())
			check(t, err)
			defer c.Close()
			seen[c.LocalAddr().String()] = false
		}
		for range count {
			c, err := l.Accept()
			check(t, err)
			defer c.Close()
			if done, known := seen[c.RemoteAddr().String()]; done || !known {
				t.Fatalf("accepted %v: known %v, seen before %v", c.RemoteAddr(), known, done)
			}
			seen[c.RemoteAddr().String()] = true
		}
	})
}

func TestSeveralAcceptersShareAListener(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		const accepters, count = 5, 60
		got := make(chan bool, count)
		ended := make(chan error, accepters)
		for range accepters {
			spawn(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						ended <- err
						return
					}
					c.Close()
					got <- true
				}
			})
		}
		for range count {
			c, err := Dial("tcp", l.Addr().String())
			check(t, err)
			c.Close()
		}
		for range count {
			await(got)
		}
		l.Close()
		for range accepters {
			isOpError(t, await(ended), "accept", net.ErrClosed)
		}
	})
}

// A connection that was reset before it is accepted is no reason to stop.
func TestAcceptSurvivesAbortedConnection(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		gone, err := Dial("tcp", l.Addr().String())
		check(t, err)
		check(t, gone.(*TCPConn).SetLinger(0))
		gone.Close()
		c, err := Dial("tcp", l.Addr().String())
		check(t, err)
		defer c.Close()
		for { // Linux hands the aborted one out, others don't
			s, err := l.Accept()
			check(t, err)
			defer s.Close()
			if s.RemoteAddr().String() == c.LocalAddr().String() {
				return
			}
		}
	})
}

// TestAcceptSurvivesEMFILE runs its body in a process of its own, which has few
// descriptors: there, clients connect until none is left, and then every one of
// them must be served once some are freed.
func TestAcceptSurvivesEMFILE(t *testing.T) {
	for _, who := range []string{"goroutine", "coroutine"} {
		t.Run(who, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestEMFILEServer$", "-test.v")
			cmd.Env = append(os.Environ(), "WNET_EMFILE="+who)
			in, err := cmd.StdinPipe()
			check(t, err)
			out, err := cmd.StdoutPipe()
			check(t, err)
			check(t, cmd.Start())
			defer cmd.Process.Kill()
			defer in.Close()
			lines := bufio.NewScanner(out)
			addr := ""
			for addr == "" && lines.Scan() {
				_, addr, _ = strings.Cut(lines.Text(), "listening on ")
			}
			overload(t, addr)
			in.Close()
			for lines.Scan() {
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// overload opens more connections than the server has descriptors. All hold
// theirs until each server-side one has said its greeting or is still waiting;
// closing the greeted ones must bring the others their turn.
func overload(t *testing.T, addr string) {
	t.Helper()
	var waiting []net.Conn
	for range 3 * emfileLimit {
		c, err := net.Dial("tcp", addr)
		check(t, err)
		defer c.Close()
		waiting = append(waiting, c)
	}
	buf := make([]byte, 2)
	for i, c := range waiting { // in the order of the kernel's queue
		c.SetReadDeadline(time.Now().Add(patience))
		if n, err := c.Read(buf); n != 2 || err != nil {
			t.Fatalf("connection %d: %d, %v", i, n, err)
		}
		c.Close()
	}
}

const emfileLimit = 40

func TestEMFILEServer(t *testing.T) {
	who := os.Getenv("WNET_EMFILE")
	if who == "" {
		t.Skip("the child of TestAcceptSurvivesEMFILE")
	}
	serve := func(spawn func(func())) {
		l, err := Listen("tcp", "127.0.0.1:0")
		check(t, err)
		check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: emfileLimit, Max: emfileLimit}))
		fmt.Println("listening on " + l.Addr().String())
		spawn(func() {
			os.Stdin.Read(make([]byte, 1))
			l.Close()
		})
		for {
			c, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				return
			}
			spawn(func() {
				c.Write([]byte("hi"))
				c.Read(make([]byte, 1)) // until the client closes
				c.Close()
			})
		}
	}
	if who == "goroutine" {
		serve(func(f func()) { go f() })
		return
	}
	check(t, sched.Run(func() { serve(func(f func()) { sched.Go(f) }) }, sched.Options{Procs: 2, NoDeadlock: true}))
}

func TestPauseOfAcceptEndsWithClose(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		l := listen(t)
		done := make(chan error, 1)
		spawn(func() {
			var b backOff
			b.ns = int64(time.Hour) // min makes it a second; Close must not wait for it
			check(t, l.fd.lock(sched.Reading))
			defer l.fd.unlock(sched.Reading)
			done <- netErr(b.wait(l.fd.pd))
		})
		parked(t, &l.fd, sched.Reading)
		l.Close()
		if err := await(done); err != net.ErrClosed {
			t.Fatal(err)
		}
	})
}

func TestBackOffDoublesUpToASecond(t *testing.T) {
	l := listen(t)
	l.SetDeadline(time.Unix(1, 0)) // each wait ends at once
	var b backOff
	for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000} {
		if err := b.wait(l.fd.pd); err != os.ErrDeadlineExceeded {
			t.Fatal(err)
		}
		if got := time.Duration(b.ns); got != want*time.Millisecond {
			t.Errorf("%v, want %v", got, want*time.Millisecond)
		}
	}
}

func TestListenControlSeesTheSocketBeforeBind(t *testing.T) {
	everywhere(t, func(t *testing.T, spawn func(func())) {
		called := ""
		lc := ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
			called = network + " " + address
			return c.Control(func(fd uintptr) {
				check(t, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
			})
		}}
		a, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		check(t, err)
		defer a.Close()
		b, err := lc.Listen(context.Background(), "tcp", a.Addr().String())
		check(t, err) // it worked: the port is shared
		defer b.Close()
		if want := "tcp4 " + a.Addr().String(); called != want {
			t.Errorf("called with %q, want %q", called, want)
		}
		no := errors.New("no")
		lc.Control = func(string, string, syscall.RawConn) error { return no }
		_, err = lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		isOpError(t, err, "listen", no)
	})
}

func TestKeepAliveOffIsOffInAcceptedConns(t *testing.T) {
	lc := ListenConfig{KeepAlive: -1}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	d := Dialer{KeepAlive: -1}
	a, err := d.Dial("tcp", l.Addr().String())
	check(t, err)
	defer a.Close()
	b, err := l.Accept()
	check(t, err)
	defer b.Close()
	for _, c := range []net.Conn{a, b} {
		err := c.(*TCPConn).using(func(s int) error {
			v, err := unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_KEEPALIVE)
			if v != 0 {
				t.Error("keep-alive is on")
			}
			return err
		})
		check(t, err)
	}
}

func TestWildcardsListenAsInNet(t *testing.T) {
	for _, network := range []string{"tcp", "tcp4", "tcp6"} {
		for _, address := range []string{"", ":0", "0.0.0.0:0", "[::]:0", "localhost:0", "127.0.0.1:0", "[::1]:0"} {
			nl, nerr := net.Listen(network, address)
			wl, werr := Listen(network, address)
			if (nerr == nil) != (werr == nil) {
				t.Errorf("%s %s: net says %v, wnet %v", network, address, nerr, werr)
				continue
			}
			if nerr != nil {
				continue
			}
			nh, _, _ := net.SplitHostPort(nl.Addr().String())
			wh, wp, _ := net.SplitHostPort(wl.Addr().String())
			if nh != wh {
				t.Errorf("%s %s: net listens on %q, wnet on %q", network, address, nh, wh)
			}
			if c, err := Dial(network, ":"+wp); err == nil {
				c.Close()
			} else if address != "[::1]:0" {
				t.Errorf("%s %s: dial of the wildcard: %v", network, address, err)
			}
			nl.Close()
			wl.Close()
		}
	}
}

func TestListenerIsNoConn(t *testing.T) {
	var l any = listen(t)
	if _, ok := l.(interface{ Read([]byte) (int, error) }); ok {
		t.Error("a listener has a Read method")
	}
}
