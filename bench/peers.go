package main

import (
	"bytes"
	"context"
	"net"
	"net/http"

	"github.com/cloudwego/netpoll"
	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"
	"github.com/panjf2000/gnet/v2"
	gnetlog "github.com/panjf2000/gnet/v2/pkg/logging"
	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/internal/lab"
	"github.com/weftgo/weft/wnet"
)

// peer is one way of serving. serve listens on a free port of 127.0.0.1, says
// where with ready, and serves for ever with as many threads, loops or Ps as
// procs says; work is done for each request. It returns only with an error.
type peer struct {
	name, doc string
	serve     func(procs int, work func(), ready func(net.Addr)) error
}

// peers, weft's first. They answer the same bytes, but for net/http and fasthttp,
// which parse HTTP in full and add headers of their own.
var peers = []peer{
	{"weft", "wnet, a coroutine a connection", onWeft("", perConnection)},
	{"weft-msg", "wnet, the handler called per message", onWeft("", perMessage)},
	{"weft-uring", "weft on io_uring", onWeft("uring", perConnection)},
	{"net", "package net, a goroutine a connection", serveNet},
	{"nethttp", "net/http", serveNetHTTP},
	{"fasthttp", "fasthttp on package net", serveFastHTTP},
	{"gnet", "gnet v2, event loops", serveGnet},
	{"nbio", "nbio, event loops", serveNbio},
	{"netpoll", "cloudwego/netpoll, loops and pooled goroutines", serveNetpoll},
}

var answer = []byte(lab.Answer)

func onWeft(model string, serve func(ln net.Listener, work func()) error) func(int, func(), func(net.Addr)) error {
	return func(procs int, work func(), ready func(net.Addr)) error {
		var failed error
		err := weft.Run(func() {
			ln, err := wnet.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				failed = err
				return
			}
			ready(ln.Addr())
			failed = serve(ln, work)
		}, weft.Procs(procs), weft.IO(model))
		if err != nil {
			return err
		}
		return failed
	}
}

func perConnection(ln net.Listener, work func()) error {
	return accepted(ln, weft.Go, work)
}

// accepted gives each connection a coroutine or goroutine of its own.
func accepted(ln net.Listener, spawn func(func()), work func()) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		spawn(func() {
			defer c.Close()
			_ = lab.Answered(c, work)
		})
	}
}

func perMessage(ln net.Listener, work func()) error {
	server := wnet.Server{Handler: func(c *wnet.Session) error {
		for n := c.Buffered(); ; n++ {
			b, err := c.Peek(n)
			if err != nil {
				return err
			}
			if n = max(n, c.Buffered()); bytes.HasSuffix(b, []byte(lab.End)) {
				break
			}
		}
		_, _ = c.Discard(c.Buffered())
		work()
		_, err := c.Write(answer)
		return err
	}}
	return server.Serve(ln)
}

func listen(ready func(net.Addr)) (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		ready(ln.Addr())
	}
	return ln, err
}

func serveNet(_ int, work func(), ready func(net.Addr)) error {
	ln, err := listen(ready)
	if err != nil {
		return err
	}
	return accepted(ln, func(f func()) { go f() }, work)
}

func serveNetHTTP(_ int, work func(), ready func(net.Addr)) error {
	ln, err := listen(ready)
	if err != nil {
		return err
	}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		work()
		_, _ = w.Write([]byte(lab.Body))
	}))
}

func serveFastHTTP(_ int, work func(), ready func(net.Addr)) error {
	ln, err := listen(ready)
	if err != nil {
		return err
	}
	server := fasthttp.Server{Concurrency: 1 << 20, Handler: func(ctx *fasthttp.RequestCtx) {
		work()
		ctx.SetBodyString(lab.Body)
	}}
	return server.Serve(ln)
}

// gnetServer keeps unfinished requests in gnet's own buffer.
type gnetServer struct {
	gnet.BuiltinEventEngine
	work  func()
	ready func(net.Addr)
}

func (s *gnetServer) OnBoot(eng gnet.Engine) gnet.Action {
	fd, err := eng.Dup()
	if err != nil {
		return gnet.Shutdown
	}
	defer unix.Close(fd)
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return gnet.Shutdown
	}
	s.ready(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sa.(*unix.SockaddrInet4).Port})
	return gnet.None
}

func (s *gnetServer) OnTraffic(c gnet.Conn) gnet.Action {
	b, err := c.Peek(-1)
	if err != nil || !bytes.HasSuffix(b, []byte(lab.End)) {
		return gnet.None
	}
	s.work()
	_, _ = c.Discard(len(b))
	_, _ = c.Write(answer)
	return gnet.None
}

func serveGnet(procs int, work func(), ready func(net.Addr)) error {
	return gnet.Run(&gnetServer{work: work, ready: ready}, "tcp4://127.0.0.1:0",
		gnet.WithNumEventLoop(procs), gnet.WithLogLevel(gnetlog.FatalLevel))
}

// serveNbio keeps the beginning of an unfinished request in the session.
func serveNbio(procs int, work func(), ready func(net.Addr)) error {
	logging.SetLevel(logging.LevelNone)
	engine := nbio.NewEngine(nbio.Config{
		Network: "tcp", Addrs: []string{"127.0.0.1:0"}, NPoller: procs,
		Listen: func(network, addr string) (net.Listener, error) { return net.Listen(network, addr) },
	})
	engine.OnData(func(c *nbio.Conn, data []byte) {
		if begun, _ := c.Session().([]byte); begun != nil {
			data = append(begun, data...)
			c.SetSession(nil)
		}
		if !bytes.HasSuffix(data, []byte(lab.End)) {
			c.SetSession(bytes.Clone(data))
			return
		}
		work()
		_, _ = c.Write(answer)
	})
	if err := engine.Start(); err != nil {
		return err
	}
	addr, err := net.ResolveTCPAddr("tcp", engine.Addrs[0])
	if err != nil {
		return err
	}
	ready(addr)
	select {}
}

func serveNetpoll(procs int, work func(), ready func(net.Addr)) error {
	if err := netpoll.Configure(netpoll.Config{PollerNum: procs}); err != nil {
		return err
	}
	ln, err := netpoll.CreateListener("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	loop, err := netpoll.NewEventLoop(func(_ context.Context, c netpoll.Connection) error {
		r := c.Reader()
		b, err := r.Peek(r.Len())
		if err != nil || !bytes.HasSuffix(b, []byte(lab.End)) {
			return err
		}
		work()
		if err := r.Skip(len(b)); err != nil {
			return err
		}
		_ = r.Release()
		if _, err := c.Writer().WriteBinary(answer); err != nil {
			return err
		}
		return c.Writer().Flush()
	})
	if err != nil {
		return err
	}
	ready(ln.Addr())
	return loop.Serve(ln)
}
