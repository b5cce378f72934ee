package observe

import (
	"net/http"

	"github.com/weftgo/weft/trace"
)

// stackOf is where a coroutine stands at this moment.
type stackOf struct {
	G      uint64       `json:"g"`
	Parked bool         `json:"parked"` // else it moved, or has ended
	Reason string       `json:"reason,omitempty"`
	Calls  []trace.Site `json:"calls"` // innermost first, without those that carry coroutines
}

// stack answers with the calls on the stack of a coroutine that is parked now, of a
// run of weft's own runtime in this process. The coroutine is held for a moment,
// so it costs the run nothing until somebody asks.
func (s *Server) stack(w http.ResponseWriter, r *http.Request, _ string) error {
	id, err := number(r, "g", 0)
	if err != nil {
		return err
	}
	if id == 0 {
		return badRequest("name the coroutine: g=17")
	}
	src, err := s.source(r, "id")
	if err != nil {
		return err
	}
	if _, live := src.(*Live); !live || s.opts.Control == nil {
		return &problem{http.StatusConflict, "a recording has no stacks: what runs in this process can be asked for them"}
	}
	parked, ok := s.opts.Control.Parked(uint64(id), 1)
	if !ok {
		return &problem{http.StatusConflict, "nothing runs here that can be asked: it has ended, or a look would change what it decides"}
	}
	answer := stackOf{G: uint64(id), Calls: []trace.Site{}}
	if len(parked) == 1 {
		answer.Parked, answer.Reason = true, parked[0].Reason.String()
		for _, f := range parked[0].Calls() {
			answer.Calls = append(answer.Calls, siteOf(trace.Symbol{Func: f.Function, File: f.File, Line: f.Line}))
		}
	}
	return reply(w, answer)
}
