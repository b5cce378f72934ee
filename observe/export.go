package observe

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weftgo/weft/trace"
)

// recording serves a source in the recording format: whole, as it is, or a
// window of it.
func (s *Server) recording(w http.ResponseWriter, r *http.Request, _ string) error {
	src, err := s.source(r, "id")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", attachment(src.Info().Name, ".trace"))
	if !r.URL.Query().Has("from") && !r.URL.Query().Has("to") {
		f, err := src.Open()
		if err != nil {
			return err
		}
		defer f.Close()
		http.ServeContent(w, r, "", time.Time{}, f)
		return nil
	}
	from, to, err := window(r)
	if err != nil {
		return err
	}
	return s.convert(src, from, to, func(symbol func(uint64) trace.Symbol) trace.Sink { return trace.NewWriter(w, symbol) })
}

// perfetto serves a source for Perfetto's viewer.
func (s *Server) perfetto(w http.ResponseWriter, r *http.Request, _ string) error {
	src, from, to, err := s.span(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", attachment(src.Info().Name, ".pftrace"))
	return s.convert(src, from, to, func(symbol func(uint64) trace.Symbol) trace.Sink {
		return trace.NewPerfetto(w, trace.PerfettoOptions{Ms: true, Symbol: symbol})
	})
}

// text serves a source narrated, line by line.
func (s *Server) text(w http.ResponseWriter, r *http.Request, _ string) error {
	src, from, to, err := s.span(r)
	if err != nil {
		return err
	}
	lang := r.URL.Query().Get("lang")
	if lang != "" && !trace.HasLanguage(lang) {
		return badRequest("lang=%q: the languages are %s", lang, strings.Join(trace.Languages(), " and "))
	}
	limit, err := number(r, "limit", 1000)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	return s.convert(src, from, to, func(symbol func(uint64) trace.Symbol) trace.Sink {
		return &firstEvents{trace.NewText(w, trace.TextOptions{Times: true, Symbol: symbol, Lang: lang}), limit}
	})
}

// convert gives a window of src to the sink that to makes.
func (s *Server) convert(src Source, from, to int64, sink func(func(uint64) trace.Symbol) trace.Sink) error {
	return reading(src, func(f io.ReadSeeker, x *trace.Index) error {
		out := sink(x.Symbol)
		if err := x.Window(f, from, to, out); err != nil && err != errEnough {
			return err
		}
		return out.Close()
	})
}

// reading opens src for do.
func reading(src Source, do func(f io.ReadSeeker, x *trace.Index) error) error {
	f, err := src.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	x, err := src.Index()
	if err != nil {
		return err
	}
	return do(f, x)
}

// span returns the source and the times that the request asks for.
func (s *Server) span(r *http.Request) (src Source, from, to int64, err error) {
	if src, err = s.source(r, "id"); err == nil {
		from, to, err = window(r)
	}
	return
}

// firstEvents is a sink that wants only so many.
type firstEvents struct {
	trace.Sink
	left int64
}

var errEnough = fmt.Errorf("enough")

// WriteEvents passes on what is wanted.
func (f *firstEvents) WriteEvents(events []trace.Event) error {
	n := min(int64(len(events)), f.left)
	f.left -= n
	if err := f.Sink.WriteEvents(events[:n]); err != nil || f.left > 0 {
		return err
	}
	return errEnough
}

// window returns the times that the request asks for: by default all.
func window(r *http.Request) (from, to int64, err error) {
	if from, err = number(r, "from", 0); err != nil {
		return
	}
	if to, err = number(r, "to", math.MaxInt64); err == nil && to < from {
		err = badRequest("to=%d is before from=%d", to, from)
	}
	return
}

func number(r *http.Request, name string, missing int64) (int64, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return missing, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("%s=%q: give a number from 0", name, v)
	}
	return n, nil
}

func attachment(name, ext string) string {
	name = strings.TrimSuffix(name, ".trace")
	safe := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || strings.ContainsRune(`"\/;%`, c) {
			return '_'
		}
		return c
	}, name)
	return fmt.Sprintf(`attachment; filename="%s%s"`, safe, ext)
}
