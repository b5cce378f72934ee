package observe

import (
	"io"
	"net/http"
	"strconv"

	"github.com/weftgo/weft/trace"
)

// ask lists the questions, or answers one.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, _ string) error {
	id := r.URL.Query().Get("q")
	if id == "" {
		return reply(w, trace.Questions())
	}
	src, from, to, err := s.span(r)
	if err != nil {
		return err
	}
	g, err := number(r, "g", 0)
	if err != nil {
		return err
	}
	obj, err := address(r, "object")
	if err != nil {
		return err
	}
	return reading(src, func(f io.ReadSeeker, x *trace.Index) error {
		a, err := trace.Ask(trace.Query{ID: id, G: uint64(g), Object: obj}, x.Symbol)
		if err != nil {
			return badRequest("%v", err)
		}
		if err := x.Window(f, from, to, a); err != nil {
			return err
		}
		answer := a.Answer()
		if from > 0 { // events are numbered within the window
			for i := range answer.Marks {
				answer.Marks[i].I = -1
			}
		}
		return reply(w, answer)
	})
}

// address reads an object: 0xc000012080, or a descriptor's number.
func address(r *http.Request, name string) (uint64, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 0, 64)
	if err != nil {
		return 0, badRequest("%s=%q: give an address as 0xc000012080, or a number", name, v)
	}
	return n, nil
}
