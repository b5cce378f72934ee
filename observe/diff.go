package observe

import (
	"net/http"

	"github.com/weftgo/weft/trace"
)

// diff compares two sources, and tells the story of the first.
func (s *Server) diff(w http.ResponseWriter, r *http.Request, _ string) error {
	a, err := s.source(r, "a")
	if err != nil {
		return err
	}
	if r.URL.Query().Get("b") == "" {
		return badRequest("name the recording to compare with: b=other")
	}
	b, err := s.source(r, "b")
	if err != nil {
		return err
	}
	left, err := a.Open()
	if err != nil {
		return err
	}
	defer left.Close()
	right, err := b.Open()
	if err != nil {
		return err
	}
	defer right.Close()
	d, err := trace.Compare(trace.NewReader(left), trace.NewReader(right))
	if err != nil {
		return err
	}
	return reply(w, d)
}
