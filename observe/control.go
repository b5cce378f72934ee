package observe

import (
	"encoding/json"
	"net/http"
)

// maxProcs is the largest number of Ps that the page may ask for: each has a
// queue and a ring of its own.
const maxProcs = 256

// control changes what runs: the number of Ps, and whether it is recorded.
func (s *Server) control(w http.ResponseWriter, r *http.Request, _ string) error {
	c := s.opts.Control
	if c == nil {
		return &problem{http.StatusConflict, "nothing runs here that could be controlled"}
	}
	var want struct {
		Procs     *int  `json:"procs"`
		Recording *bool `json:"recording"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<12))
	d.DisallowUnknownFields()
	if err := d.Decode(&want); err != nil {
		return badRequest(`send {"procs": N} or {"recording": true}: %v`, err)
	}
	if n := want.Procs; n != nil {
		if *n < 1 || *n > maxProcs {
			return badRequest("%d Ps: give a number from 1 to %d", *n, maxProcs)
		}
		c.SetProcs(*n)
	}
	if want.Recording != nil {
		c.SetRecording(*want.Recording)
	}
	return reply(w, map[string]any{"ok": true, "procs": c.Procs(), "recording": c.Recording()})
}
