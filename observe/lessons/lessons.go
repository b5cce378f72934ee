// Package lessons holds small programs that show how coroutines are scheduled.
// Each is run on the spot and recorded, on weft's runtime in this process, and
// where Go's own can do the same, as an ordinary Go program with its seams open.
// What is said of a run is tied to its events: a step that did not happen this
// time is not told as if it had.
package lessons

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/trace"
)

//go:embed weft_*.go programs/*.txt
var sources embed.FS

// lesson is one lesson. Its weft program stands in weft_ID.go, its Go program in
// programs/ID.go.txt.
type lesson struct {
	id       string
	title    trace.Words
	summary  trace.Words
	weft     func(v string) program
	variants []observe.Variant
	steps    func(v string) []step
	goProcs  string // GOMAXPROCS of the Go program; "": there is none
	goSteps  func(v string) []step
}

// program is a main function, and the options to run it with.
type program struct {
	main func(out io.Writer) error
	opts []weft.Option
}

// always is a main function that can't fail.
func always(main func(out io.Writer)) func(io.Writer) error {
	return func(out io.Writer) error { main(out); return nil }
}

// Set is all lessons. It runs one at a time.
type Set struct {
	mu sync.Mutex
}

// All returns the lessons.
func All() *Set { return new(Set) }

// List describes the lessons.
func (s *Set) List() []observe.Lesson {
	var list []observe.Lesson
	for i := range all {
		l := &all[i]
		d := observe.Lesson{ID: l.id, Title: l.title, Summary: l.summary, Variants: l.variants, Hosts: []string{"weft"},
			Source: map[string]string{"weft": source("weft_" + l.id + ".go")}, Text: map[string][]trace.Words{"weft": texts(l.steps(""))}}
		if l.goSteps != nil {
			d.Hosts = append(d.Hosts, "go")
			d.Source["go"] = source("programs/" + l.id + ".go.txt")
			d.Text["go"] = texts(l.goSteps(""))
		}
		if d.Variants == nil {
			d.Variants = []observe.Variant{}
		}
		list = append(list, d)
	}
	return list
}

// source returns a program's text; a weft program without its package clause,
// which is this package's.
func source(name string) string {
	b, err := sources.ReadFile(name)
	if err != nil {
		panic(err) // embedded
	}
	_, body, ok := strings.Cut(string(b), "package lessons\n")
	if !ok {
		return string(b)
	}
	return strings.TrimLeft(body, "\n")
}

func texts(steps []step) []trace.Words {
	var all []trace.Words
	for _, s := range steps {
		all = append(all, s.text)
	}
	return all
}

// tries is how often a lesson is run until each of its steps has happened: on a
// machine that is busy with other things a thread may come too late for one.
const tries = 10

// Run runs a lesson on a host, weft or go, in one of its variants, and returns
// what was recorded; again if a step did not happen, and then the most complete
// run. It takes as long as the lesson: some tens of milliseconds; the first of
// Go's own runtime builds that, which takes a minute.
func (s *Set) Run(ctx context.Context, id, host, variant string) (*observe.LessonRun, error) {
	i := slices.IndexFunc(all, func(l lesson) bool { return l.id == id })
	if i < 0 {
		return nil, fmt.Errorf("there is no lesson %q", id)
	}
	l := &all[i]
	if variant != "" && !slices.ContainsFunc(l.variants, func(v observe.Variant) bool { return v.ID == variant }) {
		return nil, fmt.Errorf("the lesson %s has no variant %q", id, variant)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run := observe.LessonRun{Host: host, Variant: variant, Title: l.title, Notes: []trace.Words{}}
	switch {
	case host == "weft":
		run.Source = source("weft_" + id + ".go")
		return mostComplete(ctx, run, l.steps(variant), func(r *observe.LessonRun) error { return runWeft(r, l.weft(variant)) })
	case host == "go" && l.goSteps != nil:
		run.Source = source("programs/" + id + ".go.txt")
		p, err := buildGo(ctx, run.Source)
		if err != nil {
			return nil, err
		}
		defer p.remove()
		return mostComplete(ctx, run, l.goSteps(variant), func(r *observe.LessonRun) error { return p.run(ctx, r, l.procsOfGo(variant)) })
	}
	return nil, fmt.Errorf("the lesson %s does not run on %q", id, host)
}

// mostComplete runs a lesson until each of the steps has happened, or often
// enough. lesson is what all of its runs have.
func mostComplete(
	ctx context.Context, lesson observe.LessonRun, steps []step, run func(*observe.LessonRun) error,
) (best *observe.LessonRun, err error) {
	for range tries {
		r := lesson
		if err := errors.Join(run(&r), ctx.Err()); err != nil {
			return nil, err
		}
		if err := tell(&r, steps); err != nil {
			return nil, err
		}
		if best == nil || len(r.Notes) < len(best.Notes) {
			best = &r
		}
		if len(best.Notes) == 0 {
			break
		}
	}
	return best, nil
}

// runWeft runs a program on weft's runtime, in this process.
func runWeft(run *observe.LessonRun, p program) error {
	if n := runtime.GOMAXPROCS(0); n < 2 {
		runtime.GOMAXPROCS(2) // two Ms need two threads to be seen at once
		defer runtime.GOMAXPROCS(n)
	}
	var file, out bytes.Buffer
	rec := trace.New(trace.Options{Sinks: []trace.Sink{trace.NewWriter(&file, nil)}})
	var failed error
	err := weft.Run(func() { failed = p.main(&out) }, append(p.opts, weft.Trace(rec))...)
	err = errors.Join(failed, err, rec.Stop())
	run.Recording, run.Output = file.Bytes(), out.String()
	return err
}
