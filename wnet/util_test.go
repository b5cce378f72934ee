package wnet

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/weftgo/weft/sched"
)

// inRuntime runs f, in the calling goroutine, while a runtime is there.
func inRuntime(t *testing.T, procs int, f func(rt *sched.Sched)) {
	t.Helper()
	inModel(t, "", procs, f)
}

// inModel is inRuntime with a model of I/O.
func inModel(t *testing.T, model string, procs int, f func(rt *sched.Sched)) {
	t.Helper()
	ready, done := make(chan *sched.Sched), make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- sched.Run(func() {
			ready <- sched.Current()
			sched.Block(func() { <-done })
		}, sched.Options{Procs: procs, IO: model, NoDeadlock: true})
	}()
	rt := <-ready
	defer func() {
		close(done)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	f(rt)
}

// inCoroutine runs f in a coroutine of rt and waits for it.
func inCoroutine(rt *sched.Sched, f func()) {
	done := make(chan struct{})
	rt.Newproc(func() {
		defer close(done)
		f()
	}, 0)
	<-done
}

// ferry is a Conn whose every call is made by a coroutine of rt.
type ferry struct {
	c  net.Conn
	rt *sched.Sched
}

func (f *ferry) Read(p []byte) (n int, err error) {
	inCoroutine(f.rt, func() { n, err = f.c.Read(p) })
	return
}

func (f *ferry) Write(p []byte) (n int, err error) {
	inCoroutine(f.rt, func() { n, err = f.c.Write(p) })
	return
}

func (f *ferry) Close() (err error) {
	inCoroutine(f.rt, func() { err = f.c.Close() })
	return
}

func (f *ferry) set(t time.Time, set func(time.Time) error) (err error) {
	inCoroutine(f.rt, func() { err = set(t) })
	return
}

func (f *ferry) LocalAddr() net.Addr                { return f.c.LocalAddr() }
func (f *ferry) RemoteAddr() net.Addr               { return f.c.RemoteAddr() }
func (f *ferry) SetDeadline(t time.Time) error      { return f.set(t, f.c.SetDeadline) }
func (f *ferry) SetReadDeadline(t time.Time) error  { return f.set(t, f.c.SetReadDeadline) }
func (f *ferry) SetWriteDeadline(t time.Time) error { return f.set(t, f.c.SetWriteDeadline) }

// everywhere runs f as a subtest from a goroutine and from a coroutine on one
// and on two Ps. spawn starts another of the same sort.
func everywhere(t *testing.T, f func(t *testing.T, spawn func(func()))) {
	t.Run("goroutines", func(t *testing.T) { f(t, func(fn func()) { go fn() }) })
	for name, procs := range map[string]int{"coroutines-1P": 1, "coroutines-2P": 2} {
		t.Run(name, func(t *testing.T) {
			err := sched.Run(func() {
				f(t, func(fn func()) { sched.Go(fn) })
			}, sched.Options{Procs: procs, NoDeadlock: true})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// connPair returns two connected TCPConns, closed at the end of the test.
func connPair(t *testing.T) (a, b *TCPConn) {
	t.Helper()
	c1, c2, _, err := tcpPipe()
	check(t, err)
	a, b = c1.(*TCPConn), c2.(*TCPConn)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func listen(t *testing.T) *TCPListener {
	t.Helper()
	l, err := Listen("tcp", ownAddress()+":0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l.(*TCPListener)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// isOpError fails unless err is a *net.OpError of op that is want.
func isOpError(t *testing.T, err error, op string, want error) {
	t.Helper()
	var oe *net.OpError
	if !errors.As(err, &oe) || oe.Op != op || !errors.Is(err, want) {
		t.Fatalf("got %v (%T), want an OpError of %q that is %v", err, err, op, want)
	}
}

func isTimeout(t *testing.T, err error, op string) {
	t.Helper()
	isOpError(t, err, op, os.ErrDeadlineExceeded)
	if ne := err.(net.Error); !ne.Timeout() {
		t.Fatalf("%v is no timeout", err)
	}
}

// parked waits until a call waits for fd's side: it is a fact about the
// protocol, so no sleep is needed to know that a call has come so far.
func parked(t *testing.T, fd *netFD, side sched.Side) {
	t.Helper()
	until(t, "a call parks", func() bool { return fd.pd.Parked(side) })
}

// patience is how long a test waits for what must come. It is only there to end
// a test that hangs.
const patience = 4 * time.Minute

// until waits for what has no event of its own.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			panic(t.Name() + ": never: " + what + "\n" + string(buf[:runtime.Stack(buf, true)]))
		}
		sched.Yield()
		time.Sleep(50 * time.Microsecond)
	}
}

// ownAddress is an address of this machine that only this process uses, where there
// is more than one: so nobody else takes a port that a test has given back.
func ownAddress() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x7f, pid>>8&0xff, 1+pid&0x7f)
}
