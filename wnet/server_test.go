package wnet

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/sched"
)

// serving is a Server under test: its clients are goroutines on package net.
type serving struct {
	*Server
	t      *testing.T
	ln     net.Listener
	served chan error
	log    lockedLog
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serveIt runs f while s serves in coroutines, on one P and on two.
func serveIt(t *testing.T, server func() *Server, f func(t *testing.T, s *serving)) {
	for name, procs := range map[string]int{"1P": 1, "2P": 2} {
		t.Run(name, func(t *testing.T) {
			inRuntime(t, procs, func(rt *sched.Sched) {
				s := &serving{Server: server(), t: t, served: make(chan error, 1)}
				s.ErrorLog = log.New(&s.log, "", 0)
				inCoroutine(rt, func() { s.ln = listen(t) })
				rt.Newproc(func() { s.served <- s.Serve(s.ln) }, 0)
				defer func() {
					s.Close()
					if err := <-s.served; err != ErrServerClosed {
						t.Errorf("Serve: %v", err)
					}
				}()
				f(t, s)
			})
		})
	}
}

func (s *serving) dial() (*net.TCPConn, *bufio.Reader) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.ln.Addr().String())
	check(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn), bufio.NewReader(c)
}

// ask sends text and reads a line.
func (s *serving) ask(c net.Conn, r *bufio.Reader, text string) string {
	s.t.Helper()
	_, err := io.WriteString(c, text)
	check(s.t, err)
	line, err := r.ReadString('\n')
	check(s.t, err)
	return line
}

// settled waits until all connections rest.
func (s *serving) settled(conns int) {
	s.t.Helper()
	until(s.t, fmt.Sprint(conns, " connections rest"), func() bool {
		return len(s.sessions((*Session).resting)) == conns && s.Conns() == conns
	})
}

// echoLines answers each line with itself.
func echoLines(c *Session) error {
	line, err := c.ReadSlice('\n')
	if err != nil {
		return err
	}
	_, err = c.Write(line)
	return err
}

func lineServer() *Server { return &Server{Handler: echoLines} }

func TestServerAnswersMessageAfterMessage(t *testing.T) {
	serveIt(t, lineServer, func(t *testing.T, s *serving) {
		var wg sync.WaitGroup
		for i := range 8 {
			c, r := s.dial()
			wg.Go(func() {
				for j := range 200 {
					want := fmt.Sprintf("%d.%d\n", i, j)
					if _, err := io.WriteString(c, want); err != nil {
						t.Error(err)
						return
					}
					if got, err := r.ReadString('\n'); got != want {
						t.Errorf("got %q, %v, want %q", got, err, want)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// kept returns what a connection holds on to between messages.
func (s *serving) kept() (in *inbuf) {
	s.settled(1)
	for in = (&inbuf{}); in != nil && in.buf == nil; {
		c := s.sessions(nil)[0]
		if c.state.CompareAndSwap(resting, ended) { // nobody else has it now
			in = c.in
			c.finish(nil)
		}
	}
	return in
}

func TestServerRestsWithoutBuffer(t *testing.T) {
	serveIt(t, lineServer, func(t *testing.T, s *serving) {
		c, r := s.dial()
		s.ask(c, r, "x\n")
		if in := s.kept(); in != nil {
			t.Errorf("it holds %d bytes", len(in.buf))
		}
	})
}

// Every split point of three messages: the answers are the same.
func TestServerMessageParksInItsMiddleAtEverySplit(t *testing.T) {
	serveIt(t, lineServer, func(t *testing.T, s *serving) {
		const text = "first\nsecond line\n3\n"
		for at := 1; at < len(text); at++ {
			c, r := s.dial()
			io.WriteString(c, text[:at])
			until(t, "the first part is read", func() bool { return unreadOf(s) == 0 })
			io.WriteString(c, text[at:])
			for _, want := range strings.SplitAfter(text, "\n")[:3] {
				if got, err := r.ReadString('\n'); got != want {
					t.Fatalf("split at %d: got %q, %v, want %q", at, got, err, want)
				}
			}
			c.Close()
			until(t, "it ends", func() bool { return s.Conns() == 0 })
		}
	})
}

// fionread asks how many bytes can be read; package unix names it on one system.
func fionread() uint {
	if runtime.GOOS == "darwin" {
		return 0x4004667f
	}
	return 0x541b
}

// unreadOf returns how many bytes wait in the kernel for the server's connections.
func unreadOf(s *serving) (n int) {
	for _, c := range s.sessions(nil) {
		c.using(func(fd int) error {
			k, err := unix.IoctlGetInt(fd, fionread())
			n += k
			return err
		})
	}
	if s.Conns() == 0 {
		return 1 // not accepted yet
	}
	return n
}

func TestServerBytewiseAndPipelined(t *testing.T) {
	serveIt(t, lineServer, func(t *testing.T, s *serving) {
		c, r := s.dial()
		for _, b := range []byte("abc\n") {
			c.Write([]byte{b})
		}
		if got, _ := r.ReadString('\n'); got != "abc\n" {
			t.Errorf("got %q", got)
		}
		io.WriteString(c, strings.Repeat("again\n", 5*maxStreak))
		for range 5 * maxStreak {
			if got, _ := r.ReadString('\n'); got != "again\n" {
				t.Fatalf("got %q", got)
			}
		}
	})
}

// A handler may leave half a message: it is called again when there is more, and
// nothing but the bytes is kept meanwhile.
func TestServerKeepsHalfAMessageWithoutAStack(t *testing.T) {
	var seen atomic.Int64
	server := func() *Server {
		return &Server{BufferSize: 64, Handler: func(c *Session) error {
			p, _ := c.Peek(c.Buffered())
			seen.Store(int64(len(p)))
			if !bytes.HasSuffix(p, []byte("\n")) {
				return nil
			}
			_, err := c.Write(p)
			c.Discard(len(p))
			return err
		}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		c, r := s.dial()
		for at, part := range []string{"h", "al", "f"} {
			io.WriteString(c, part)
			until(t, "the part is read", func() bool { return seen.Load() == int64([]int{1, 3, 4}[at]) })
			s.settled(1)
		}
		if got := s.ask(c, r, " done\n"); got != "half done\n" {
			t.Errorf("got %q", got)
		}
		c.Close()
		until(t, "it ends", func() bool { return s.Conns() == 0 })
		h, _ := s.dial()
		io.WriteString(h, "half")
		until(t, "it is read", func() bool { return seen.Load() == 4 })
		s.settled(1)
		if in := s.kept(); in == nil || string(in.buf) != "half" {
			t.Errorf("kept %+v", in)
		}
		c, r = s.dial()
		io.WriteString(c, strings.Repeat("x", 65)) // more than the buffer has room for
		if _, err := r.ReadByte(); err == nil {
			t.Error("a message that does not fit was answered")
		}
	})
}

func TestServerPanicEndsOnlyItsConnection(t *testing.T) {
	server := func() *Server {
		return &Server{Handler: func(c *Session) error {
			line, _ := c.ReadSlice('\n')
			switch string(line) {
			case "panic\n":
				panic("oh no")
			case "exit\n":
				runtime.Goexit()
			case "error\n":
				return errors.New("enough")
			}
			_, err := c.Write(line)
			return err
		}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		other, otherR := s.dial()
		s.ask(other, otherR, "hello\n")
		for _, how := range []string{"panic\n", "exit\n", "error\n"} {
			c, r := s.dial()
			io.WriteString(c, how)
			if _, err := r.ReadByte(); err != io.EOF {
				t.Errorf("%q: %v, want the connection closed", how, err)
			}
		}
		if got := s.ask(other, otherR, "still\n"); got != "still\n" {
			t.Errorf("the other got %q", got)
		}
		if got := s.log.String(); !strings.Contains(got, "oh no") || !strings.Contains(got, "server_test.go") {
			t.Errorf("the log has %q", got)
		}
		s.settled(1)
	})
}

func TestServerIdleTimeoutEndsRestingConnections(t *testing.T) {
	ends := make(chan error, 8)
	server := func() *Server {
		return &Server{Handler: echoLines, IdleTimeout: 20 * time.Millisecond, Closed: func(_ *Session, err error) { ends <- err }}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		timedOut := func() {
			t.Helper()
			if err := <-ends; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("ended by %v", err)
			}
		}
		c, r := s.dial()
		for !echoes(c, r) { // it may have been idle for too long before
			timedOut()
			c, r = s.dial()
		}
		_, silent := s.dial()
		for _, r := range []*bufio.Reader{r, silent} {
			if _, err := r.ReadByte(); err != io.EOF {
				t.Errorf("%v, want a quiet end", err)
			}
			timedOut()
		}
	})
}

// echoes reports whether c is still served.
func echoes(c net.Conn, r *bufio.Reader) bool {
	io.WriteString(c, "x\n")
	line, err := r.ReadString('\n')
	return err == nil && line == "x\n"
}

// Slow clients: each holds one parked coroutine until ReadTimeout cuts it.
func TestServerCutsSlowMessages(t *testing.T) {
	server := func() *Server { return &Server{Handler: echoLines, ReadTimeout: 50 * time.Millisecond} }
	serveIt(t, server, func(t *testing.T, s *serving) {
		var crowd []*bufio.Reader
		for range 50 {
			c, r := s.dial()
			io.WriteString(c, "half a li")
			crowd = append(crowd, r)
		}
		c, r := s.dial()
		for _, slow := range crowd {
			if _, err := slow.ReadByte(); err == nil {
				t.Error("half a message was answered")
			}
		}
		if got := s.ask(c, r, "quick\n"); got != "quick\n" { // it has rested for longer than that
			t.Errorf("got %q", got)
		}
		if got := s.ask(c, r, "again\n"); got != "again\n" {
			t.Errorf("got %q", got)
		}
	})
}

// A deadline that the handler sets goes before ReadTimeout, and no further than
// the message.
func TestServerDeadlineOfTheHandler(t *testing.T) {
	ends := make(chan error, 8)
	server := func() *Server {
		return &Server{ReadTimeout: time.Hour, Closed: func(_ *Session, err error) { ends <- err }, Handler: func(c *Session) error {
			if p, _ := c.Peek(1); p[0] == 'h' {
				c.SetDeadline(time.Now().Add(20 * time.Millisecond))
			}
			err := echoLines(c)
			c.SetReadDeadline(time.Unix(1, 0)) // of this message
			return err
		}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		c, r := s.dial()
		s.ask(c, r, "x\n")
		s.settled(1)
		s.ask(c, r, "y\n")
		io.WriteString(c, "half")
		if err := <-ends; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("half a message: %v", err)
		}
	})
}

// A file that a handler sends keeps WriteTimeout for each of its pieces.
func TestServerSendsFiles(t *testing.T) {
	content := pattern(3 << 20)
	var f *os.File
	server := func() *Server {
		f = tempFile(t, content)
		return &Server{WriteTimeout: patience, Handler: func(c *Session) error {
			c.Discard(c.Buffered())
			f.Seek(0, io.SeekStart)
			n, err := io.Copy(c, io.LimitReader(f, 1000))
			if err == nil && n == 1000 {
				_, err = io.Copy(c, f)
			}
			return err
		}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		c, r := s.dial()
		got := make([]byte, len(content))
		for range 2 {
			io.WriteString(c, "go")
			if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, content) {
				t.Errorf("not the same, %v", err)
			}
		}
	})
}

func TestServerWriteTimeoutCutsWhoNeverReads(t *testing.T) {
	ends := make(chan error, 1)
	server := func() *Server {
		endless := func(c *Session) error {
			c.Discard(c.Buffered())
			_, err := c.Write(make([]byte, 64<<20))
			return err
		}
		return &Server{Handler: endless, WriteTimeout: 20 * time.Millisecond, Closed: func(_ *Session, err error) { ends <- err }}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		c, _ := s.dial()
		io.WriteString(c, "go")
		if err := <-ends; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ended by %v", err)
		}
	})
}

func TestServerPeerThatResetsOrHalfCloses(t *testing.T) {
	ends := make(chan error, 8)
	server := func() *Server {
		return &Server{Handler: echoLines, Closed: func(_ *Session, err error) { ends <- err }}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		c, r := s.dial()
		io.WriteString(c, "last words\n")
		c.CloseWrite()
		if got, _ := r.ReadString('\n'); got != "last words\n" {
			t.Errorf("got %q after a half-close", got)
		}
		if err := <-ends; err != io.EOF {
			t.Errorf("half-close: %v", err)
		}
		for _, text := range []string{"", "half a mess", "whole\n"} {
			c, r := s.dial()
			if io.WriteString(c, text); text == "whole\n" {
				r.ReadString('\n')
			}
			until(t, "it is read", func() bool { return unreadOf(s) == 0 })
			c.SetLinger(0)
			c.Close()
			if err := <-ends; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("reset after %q: %v", text, err)
			}
		}
	})
}

func TestServerShutdownLetsMessagesEnd(t *testing.T) {
	var entered, release chan bool
	server := func() *Server {
		entered, release = make(chan bool), make(chan bool)
		return &Server{Handler: func(c *Session) error {
			line, err := c.ReadSlice('\n')
			if string(line) == "slow\n" {
				sched.Block(func() { entered <- true; <-release })
			}
			c.Write(line)
			return err
		}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		idle, idleR := s.dial()
		s.ask(idle, idleR, "x\n")
		s.settled(1)
		slow, slowR := s.dial()
		io.WriteString(slow, "slow\n")
		<-entered
		short, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.Shutdown(short); err != context.Canceled {
			t.Errorf("Shutdown: %v", err)
		}
		if _, err := idleR.ReadByte(); err != io.EOF {
			t.Errorf("the idle connection: %v", err)
		}
		if c, err := net.Dial("tcp", s.ln.Addr().String()); err == nil {
			c.Close()
			t.Error("it still accepts")
		}
		close(release)
		check(t, s.Shutdown(context.Background()))
		if got, err := slowR.ReadString('\n'); got != "slow\n" {
			t.Errorf("the message in flight got %q, %v", got, err)
		}
	})
}

func TestServerCloseEndsParkedHandlers(t *testing.T) {
	serveIt(t, lineServer, func(t *testing.T, s *serving) {
		c, r := s.dial()
		io.WriteString(c, "half")
		until(t, "it is read", func() bool { return unreadOf(s) == 0 })
		s.Close()
		if _, err := r.ReadByte(); err == nil {
			t.Error("the connection lives")
		}
		check(t, s.Shutdown(context.Background()))
	})
}

func TestServerConnectionsBeyondMaxConnsWait(t *testing.T) {
	serveIt(t, func() *Server { return &Server{Handler: echoLines, MaxConns: 1} }, func(t *testing.T, s *serving) {
		a, ar := s.dial()
		s.ask(a, ar, "x\n")
		b, br := s.dial()
		io.WriteString(b, "y\n")
		s.ask(a, ar, "x\n")
		if n := s.Conns(); n != 1 {
			t.Errorf("%d connections", n)
		}
		a.Close()
		if got, _ := br.ReadString('\n'); got != "y\n" {
			t.Errorf("got %q", got)
		}
	})
}

func TestServerSessionTakesWritesFromAnywhere(t *testing.T) {
	opened := make(chan *Session, 1)
	server := func() *Server {
		return &Server{Handler: echoLines, Opened: func(c *Session) error {
			_, err := io.WriteString(c, "welcome\n")
			opened <- c
			return err
		}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		c, r := s.dial()
		if got, _ := r.ReadString('\n'); got != "welcome\n" {
			t.Errorf("got %q", got)
		}
		sess := <-opened
		s.settled(1)
		io.WriteString(sess, "news\n")
		if got, _ := r.ReadString('\n'); got != "news\n" {
			t.Errorf("got %q", got)
		}
		if poll.Default() != "busy" { // there it is active whenever it asks, again and again
			_, err := sess.Read(make([]byte, 1))
			isOpError(t, err, "read", errNotActive)
		}
		s.ask(c, r, "x\n")
		s.settled(1)
		check(t, sess.Close())
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("after Close: %v", err)
		}
		if err := sess.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
	})
}

// Connections that rest, are active, or have just been accepted when their
// runtime ends are all closed.
func TestServerEndsWithItsRuntime(t *testing.T) {
	for range 20 {
		var clients []net.Conn
		err := sched.Run(func() {
			l := listen(t)
			s := lineServer()
			sched.Go(func() { s.Serve(l) })
			sched.Block(func() {
				for i := range 30 {
					c, err := net.Dial("tcp", l.Addr().String())
					check(t, err)
					clients = append(clients, c)
					io.WriteString(c, []string{"", "half", "whole\n"}[i%3])
				}
			})
			for s.Conns() == 0 {
				sched.Yield()
			}
		}, sched.Options{Procs: 2, NoDeadlock: true})
		check(t, err)
		for i, c := range clients {
			c.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("connection %d was left open", i)
			}
			c.Close()
		}
	}
}

func TestServerRefusesForeignListeners(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	if err := lineServer().Serve(l); err == nil || !strings.Contains(err.Error(), "TCPListener") {
		t.Errorf("%v", err)
	}
	if err := new(Server).Serve(listen(t)); err == nil || !strings.Contains(err.Error(), "Handler") {
		t.Errorf("%v", err)
	}
}

func TestServerSpeaksTLS(t *testing.T) {
	server := func() *Server {
		return &Server{Handler: echoLines, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		raw, _ := s.dial()
		c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
		r := bufio.NewReader(c)
		for i := range 20 {
			want := fmt.Sprintf("line %d\n", i)
			if got := s.ask(c, r, want); got != want {
				t.Fatalf("got %q", got)
			}
			s.settled(1)
		}
		io.WriteString(c, strings.Repeat("many at once\n", 2000))
		for range 2000 {
			if got, err := r.ReadString('\n'); got != "many at once\n" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		c.CloseWrite()
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
	})
}

// Clients of every sort come and go, connections are closed by everybody at once,
// and whoever sends whole lines gets them back.
func TestServerSurvivesWildClients(t *testing.T) {
	server := func() *Server {
		return &Server{Handler: echoLines, IdleTimeout: 10 * time.Millisecond, ReadTimeout: 20 * time.Millisecond, MaxConns: 20}
	}
	serveIt(t, server, func(t *testing.T, s *serving) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 25 {
					nc, err := net.Dial("tcp", s.ln.Addr().String())
					if err != nil {
						t.Error(err)
						return
					}
					c := nc.(*net.TCPConn)
					c.SetDeadline(time.Now().Add(patience))
					wild(t, s, c, i*25+j)
					c.Close()
				}
			})
		}
		wg.Wait()
		check(t, s.Shutdown(context.Background()))
		if n := s.Conns(); n != 0 || s.open != 0 {
			t.Errorf("%d connections are left, %d are counted", n, s.open)
		}
	})
}

// wild is what client n does.
func wild(t *testing.T, s *serving, c *net.TCPConn, n int) {
	buf := make([]byte, 64)
	switch n % 6 {
	case 0: // resets in the middle
		io.WriteString(c, "half a li")
		c.SetLinger(0)
	case 1: // is silent until it is cut
		if _, err := c.Read(buf); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a silent client: %v", err)
		}
	case 2: // asks, and half-closes
		io.WriteString(c, "line\n")
		c.CloseWrite()
		if got, _ := io.ReadAll(c); string(got) != "line\n" && len(got) > 0 { // nothing: it was idle for too long
			t.Errorf("got %q", got)
		}
	case 3: // meets others who close what they find
		io.WriteString(c, "line\n")
		for _, sess := range s.sessions(nil) {
			if sess.RemoteAddr().String() == c.LocalAddr().String() {
				sess.Close()
			}
		}
		c.Read(buf)
	case 4: // asks as fast as it can
		for range 20 {
			if _, err := io.WriteString(c, "line\n"); err != nil {
				return // between two lines it was idle for too long
			}
			if _, err := io.ReadFull(c, buf[:5]); err != nil {
				return
			}
			if string(buf[:5]) != "line\n" {
				t.Errorf("got %q", buf[:5])
			}
		}
	case 5: // half a line for too long
		io.WriteString(c, "half")
		if _, err := c.Read(buf); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("half a line: %v", err)
		}
	}
}
