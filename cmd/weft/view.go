package main

import (
	"context"
	"flag"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/observe/lessons"
)

// viewFlags are the flags of commands that serve the page.
type viewFlags struct {
	addr   string
	public bool
}

func (v *viewFlags) register(fs *flag.FlagSet, name, addr, usage string) {
	fs.StringVar(&v.addr, name, addr, usage)
	fs.BoolVar(&v.public, "view-public", false, "let the page be served on an address that others can reach: they see "+
		"functions, files and connections")
}

// page serves srv until stop is called.
func (v *viewFlags) page(env *environ, srv *observe.Server) (stop func(), err error) {
	ln, err := observe.Listen(v.addr, v.public)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(env.stdout, "view: %s\n", srv.URL(ln))
	if v.public {
		fmt.Fprintln(env.stderr, "view: everybody who reaches that address sees the program's functions, files and connections;"+
			" whoever has the link can control it")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ctx, ln); err != nil {
			fmt.Fprintln(env.stderr, "view:", err)
		}
	}()
	return func() { cancel(); <-done }, nil
}

// serve serves srv until ctx ends.
func (v *viewFlags) serve(ctx context.Context, env *environ, srv *observe.Server) error {
	stop, err := v.page(env, srv)
	if err != nil {
		return err
	}
	<-ctx.Done()
	stop()
	return nil
}

// serve shows recordings until a signal comes.
func (t *tracing) serve(env *environ, args []string) error {
	if len(args) > 2 {
		return fmt.Errorf("-view shows one recording, or two side by side, not %d", len(args))
	}
	if t.json || t.text || t.perfetto != "" {
		return fmt.Errorf("-view, -json, -text and -perfetto exclude each other: choose one")
	}
	var sources []observe.Source
	for i, name := range args {
		src, err := observe.File([]string{"main", "other"}[i], name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, fileError(err))
		}
		sources = append(sources, src)
		if damage := src.Info().Damage; damage != "" {
			fmt.Fprintf(env.stderr, "weft trace: %s: %s; what comes before is shown\n", name, damage)
		}
	}
	srv := observe.New(observe.Options{Token: observe.NewToken(), Lessons: lessons.All()}, sources...)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	return t.view.serve(ctx, env, srv)
}
