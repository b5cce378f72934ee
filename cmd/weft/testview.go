package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/observe/lessons"
)

// recordForView has the replay recorded if -view is given. show then serves the
// page with it, and with the default schedule beside it, until ctx ends.
func (t *testRun) recordForView() (show func(context.Context, *environ) error, err error) {
	if t.view.addr == "" {
		return func(context.Context, *environ) error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "weft-test-")
	if err != nil {
		return nil, err
	}
	if t.Trace == "" {
		t.Trace = filepath.Join(dir, "main")
	}
	t.Beside = filepath.Join(dir, "other")
	return func(ctx context.Context, env *environ) error {
		sources, err := t.schedules()
		os.RemoveAll(dir) // they are in memory
		if err != nil {
			return err
		}
		srv := observe.New(observe.Options{Token: observe.NewToken(), Lessons: lessons.All()}, sources...)
		stop, err := t.view.page(env, srv)
		if err != nil {
			return err
		}
		<-ctx.Done()
		stop()
		return nil
	}, nil
}

// schedules returns what was recorded.
func (t *testRun) schedules() (all []observe.Source, err error) {
	main, err := os.ReadFile(t.Trace)
	if err != nil {
		return nil, err
	}
	all = append(all, observe.Bytes(observe.Info{
		ID: "main", Name: "the schedule of the token", Host: "go", Kind: "test", Token: t.Replay,
		Command: fmt.Sprintf("weft test -replay %s %s", t.Replay, strings.Join(t.Patterns, " ")),
	}, main))
	other, err := os.ReadFile(t.Beside)
	if errors.Is(err, fs.ErrNotExist) { // there is none that passes
		return all, nil
	}
	return append(all, observe.Bytes(observe.Info{ID: "other", Name: "the default schedule", Host: "go", Kind: "test"}, other)), err
}
