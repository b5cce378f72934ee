package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/weftgo/weft/seam"
	"github.com/weftgo/weft/trace"
)

var traceCommand = command{
	name:  "trace",
	args:  "FILE [OTHER]",
	short: "read, convert or view a recording",
	long: `
Trace reads a recording that -trace has made. Without flags it sums up: what
each coroutine did, how long it ran, waited to run and was parked, and why.
A recording that was cut short is read as far as it goes; the exit status is
then 1.

-ask answers a question about the run: what is blocked, who delays others, where
latency comes from. The life of coroutine 7 is life=7, and an object is named by
its address or the number of its descriptor: object=0xc000012080.

-view serves a page that shows it, until SIGINT or SIGTERM; with OTHER, a second
recording beside it, and where the two first differ; without FILE, the lessons,
which are run on the spot.`,
	setup: func(fs *flag.FlagSet) func(*environ, []string) error {
		t := &tracing{}
		fs.BoolVar(&t.json, "json", false, "print the summary as JSON")
		fs.BoolVar(&t.text, "text", false, "print the events, narrated, with their times")
		fs.StringVar(&t.perfetto, "perfetto", "", "write `OUT` for Perfetto's viewer (ui.perfetto.dev)")
		fs.StringVar(&t.ask, "ask", "", "answer a `QUESTION`: "+strings.Join(questions(), ", "))
		fs.StringVar(&t.lang, "lang", "en", "with -ask and -text: tell in `LANG`: "+strings.Join(trace.Languages(), " or "))
		fs.BoolVar(&t.show, "view", false, "serve a page that shows the recording")
		t.view.register(fs, "addr", "127.0.0.1:7070", "with -view: serve it on `ADDR`; port 0 takes a free one")
		return func(env *environ, args []string) error { return t.run(env, args) }
	},
}

// tracing is one run of weft trace.
type tracing struct {
	json, text bool
	perfetto   string
	ask, lang  string
	show       bool
	view       viewFlags
}

func (t *tracing) run(env *environ, args []string) error {
	if t.show {
		return t.serve(env, args)
	}
	if !trace.HasLanguage(t.lang) {
		return fmt.Errorf("-lang %s: the languages are %s", t.lang, strings.Join(trace.Languages(), " and "))
	}
	if len(args) != 1 {
		return fmt.Errorf("reads one recording, not %d: weft trace [flags] FILE", len(args))
	}
	if t.json && t.text || t.perfetto != "" && (t.json || t.text) {
		return fmt.Errorf("-json, -text and -perfetto exclude each other: choose one")
	}
	if t.ask != "" && (t.text || t.perfetto != "") {
		return fmt.Errorf("-ask goes with -json and -lang, not with -text or -perfetto")
	}
	f, err := os.Open(args[0])
	if err != nil {
		return fileError(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory: name a recording", args[0])
	}
	if f, err = unraw(f); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	defer f.Close()
	if err := t.convert(env, trace.NewReader(f)); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// unraw returns f, or, if a program has made it by itself (weft build), a
// recording with what it holds, in a file without a name.
func unraw(f *os.File) (*os.File, error) {
	head := make([]byte, 8)
	if n, _ := f.ReadAt(head, 0); !seam.IsRaw(head[:n]) {
		return f, nil
	}
	out, err := os.CreateTemp("", "weft-trace-")
	if err != nil {
		return nil, err
	}
	os.Remove(out.Name())
	buf := bufio.NewWriter(out)
	_, err = seam.Convert(f.Name(), false, func(symbol func(pc uint64) trace.Symbol) trace.Sink {
		return trace.NewWriter(buf, symbol)
	})
	if err == nil {
		err = buf.Flush()
	}
	if err == nil {
		_, err = out.Seek(0, io.SeekStart)
	}
	return out, err
}

// convert reads r and writes what the flags ask for: of a damaged recording
// what comes before the damage.
func (t *tracing) convert(env *environ, r *trace.Reader) error {
	switch {
	case t.ask != "":
		return t.answer(env, r)
	case t.text:
		return copyAll(trace.NewText(env.stdout, trace.TextOptions{Times: true, Symbol: r.Symbol, Lang: t.lang}), r)
	case t.perfetto != "":
		out, err := os.Create(t.perfetto)
		if err != nil {
			return fileError(err)
		}
		buf := bufio.NewWriter(out)
		err = copyAll(trace.NewPerfetto(buf, trace.PerfettoOptions{Ms: true, Symbol: r.Symbol}), r)
		return errors.Join(err, buf.Flush(), out.Close())
	}
	sum := trace.NewSummary(r.Symbol)
	err := copyAll(sum, r)
	if err != nil && sum.Events == 0 {
		return err // nothing to sum up
	}
	if t.json {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "\t")
		return errors.Join(err, enc.Encode(sum))
	}
	return errors.Join(err, sum.WriteText(env.stdout))
}

// answer answers the question of -ask.
func (t *tracing) answer(env *environ, r *trace.Reader) error {
	q, err := query(t.ask)
	if err != nil {
		return err
	}
	asker, err := trace.Ask(q, r.Symbol)
	if err != nil {
		return err
	}
	err = copyAll(asker, r)
	if t.json {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "\t")
		return errors.Join(err, enc.Encode(asker.Answer()))
	}
	return errors.Join(err, asker.Answer().WriteText(env.stdout, t.lang))
}

// query reads a question as -ask has it: its name, or name=7.
func query(s string) (q trace.Query, err error) {
	id, arg, given := strings.Cut(s, "=")
	q.ID = id
	for _, about := range trace.Questions() {
		switch {
		case about.ID != id:
		case about.Needs == "" && given:
			return q, fmt.Errorf("-ask %s: the question takes no %q", id, arg)
		case about.Needs == "g":
			q.G, err = strconv.ParseUint(strings.TrimPrefix(arg, "g"), 10, 64)
		case about.Needs == "object":
			q.Object, err = strconv.ParseUint(arg, 0, 64)
		}
	}
	if err != nil {
		return q, fmt.Errorf("-ask %s: give a number, as life=7 or object=0xc000012080", s)
	}
	return q, nil
}

// questions lists what -ask takes.
func questions() (ids []string) {
	for _, q := range trace.Questions() {
		id := q.ID
		switch q.Needs {
		case "g":
			id += "=G"
		case "object":
			id += "=ADDRESS"
		}
		ids = append(ids, id)
	}
	return ids
}

func copyAll(to trace.Sink, r *trace.Reader) error { return errors.Join(r.CopyTo(to), to.Close()) }
