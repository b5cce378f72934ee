package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/cmd/weft/internal/httpd"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/observe/lessons"
	"github.com/weftgo/weft/wnet"
)

var serveCommand = command{
	name:  "serve",
	args:  "[DIR]",
	short: "serve a directory over HTTP, one coroutine a connection",
	long: `
Serve answers GET and HEAD for the files below DIR (default: the current
directory): index.html or a list for a directory, byte ranges, conditional
requests. Nothing outside DIR is served: a symbolic link that leads out, or is
absolute, is not found. A changed file is seen after a second or so.

The first SIGINT or SIGTERM stops it: no new connections, idle ones end,
requests in flight have -drain to finish; the second ends it at once.

A client that sends a request too slowly, or takes its answer too slowly, is
cut after -timeout (0: never). On a terminal a line of figures is kept up to date.

With -per-message a coroutine is started for each request: a connection that
waits for its next one then holds no stack and no buffer.`,
	setup: func(fs *flag.FlagSet) func(*environ, []string) error {
		s := &serving{}
		s.runtime.register(fs)
		s.view.register(fs, "view", "", "serve a live page of the run on `ADDR`, as 127.0.0.1:7070")
		fs.StringVar(&s.addr, "addr", "127.0.0.1:8080", "listen on `ADDR`; port 0 takes a free one, no host means all interfaces")
		fs.DurationVar(&s.timeout, "timeout", 10*time.Second, "limit for a request to arrive, and for a piece of an answer to be taken")
		fs.DurationVar(&s.idle, "idle", time.Minute, "limit for the next request of a connection")
		fs.DurationVar(&s.drain, "drain", 10*time.Second, "limit for requests in flight when stopped")
		fs.BoolVar(&s.perMessage, "per-message", false, "a coroutine for each request in place of each connection")
		return func(env *environ, args []string) error { return s.run(env, fs, args) }
	},
}

// serving is one run of weft serve.
type serving struct {
	runtime              runtimeFlags
	view                 viewFlags
	addr                 string
	timeout, idle, drain time.Duration
	perMessage           bool
	server               atomic.Pointer[httpd.Server] // once it serves
}

// figures returns how many requests have been served, and how many connections
// there are.
func (s *serving) figures() (requests, conns uint64) {
	if server := s.server.Load(); server != nil {
		requests, conns = server.Requests(), uint64(server.Conns())
	}
	return requests, conns
}

func (s *serving) run(env *environ, flags *flag.FlagSet, args []string) error {
	if err := s.runtime.check(flags); err != nil {
		return err
	}
	for name, d := range map[string]time.Duration{"timeout": s.timeout, "idle": s.idle, "drain": s.drain} {
		if d < 0 {
			return fmt.Errorf("-%s %v: must not be negative", name, d)
		}
	}
	dir := "."
	switch {
	case len(args) > 1:
		return fmt.Errorf("serves one directory, not %d", len(args))
	case len(args) == 1:
		dir = args[0]
	}
	root, err := openDir(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	s.runtime.served = s.figures
	if s.view.addr != "" {
		s.runtime.viewing = observe.NewRuntime("weft serve " + dir)
		s.runtime.viewing.Requests = s.figures
		stop, err := s.view.page(env, s.runtime.viewing.Server(observe.Options{Token: observe.NewToken(), Lessons: lessons.All()}))
		if err != nil {
			return fmt.Errorf("-view %w", err)
		}
		defer stop()
	}
	var failed error
	err = s.runtime.run(env, func() { failed = s.serve(env, dir, root) })
	return errors.Join(failed, err)
}

// serve is the main coroutine.
func (s *serving) serve(env *environ, dir string, root *os.Root) error {
	ln, err := wnet.Listen("tcp", s.addr)
	if err != nil {
		return listenError(s.addr, err)
	}
	server := httpd.New(httpd.Config{
		Root: root,
		Read: s.timeout, Write: s.timeout, Idle: s.idle,
		Conns: maxConns(), PerMessage: s.perMessage,
		Log: log.New(env.stderr, "weft serve: ", 0),
	})
	s.server.Store(server)
	stopped := s.drainOnSignal(server)
	defer stopped()
	weft.Go(func() { showStatus(env.stderr, server) })
	fmt.Fprintf(env.stdout, "serving %s on http://%s\n", dir, ln.Addr())
	return server.Serve(ln)
}

// maxConns leaves a quarter of the descriptors that the process may have, and
// at least 32, to files and to the runtime: connections that took them all would
// wait for each other to end.
func maxConns() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return 0
	}
	return max(1, int64(limit.Cur)-max(32, int64(limit.Cur/4)))
}

// drainOnSignal drains server at the first signal, and lets the second have its
// usual effect, which is to end the process. The result undoes it.
func (s *serving) drainOnSignal(server *httpd.Server) (undo func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			server.Drain(s.drain)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// openDir opens the directory to serve, or says in one line why it can't be.
func openDir(dir string) (*os.Root, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fileError(err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory: name the directory that holds it", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fileError(err)
	}
	f, err := root.Open(".")
	if err == nil {
		_, err = f.Readdirnames(1)
		f.Close()
	}
	if err != nil && err.Error() != "EOF" {
		root.Close()
		return nil, fileError(err)
	}
	return root, nil
}

// fileError turns an error of package os into a line for people.
func fileError(err error) error {
	var pe *fs.PathError
	name := "the file"
	if errors.As(err, &pe) {
		name = pe.Path
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist: check the name", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied: change its mode or run as a user who may", name)
	}
	return err
}

// listenError says what to do about an address that can't be listened on.
func listenError(addr string, err error) error {
	var ae *net.AddrError
	var de *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use: stop who has it, or choose another -addr (port 0 takes a free one)", addr)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: permission denied: ports below 1024 are the system's, choose another -addr", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &ae), errors.As(err, &de):
		return fmt.Errorf("-addr %s: %v: it must be HOST:PORT with an address of this machine", addr, errorCause(err))
	}
	return fmt.Errorf("can't listen on %s: %w", addr, errorCause(err))
}

// errorCause strips what a net.OpError says before its cause.
func errorCause(err error) error {
	var oe *net.OpError
	if errors.As(err, &oe) {
		return oe.Err
	}
	return err
}
