package observe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Chooser runs schedules of one test in which somebody chooses who goes on.
type Chooser interface {
	// Choose runs the schedule that token names up to decision step, where it takes option pick. What token says of later decisions is
	// forgotten, or if keep is set followed where it can be. Several may call it at a time; ctx ends it.
	Choose(ctx context.Context, token string, step, pick uint32, keep bool) (*Schedule, error)
}

// Schedule is a Source: the recording of one schedule of a test, with what was decided in it.
type Schedule struct {
	*Recording
	Decisions []Decision // in order
	Report    string     // what came of it, in lines
	Fixed     string     // why nothing can be chosen in it, "" if it can
}

// Decision is a moment of a schedule at which more than one could go on.
type Decision struct {
	Step    uint32   `json:"step"`  // its number
	I       int      `json:"i"`     // the event of the recording that tells of it
	Taken   uint32   `json:"taken"` // which option was taken; 0 is the default
	Options []Option `json:"options"`
}

// Option is who could go on, and what it does next.
type Option struct {
	G      uint64 `json:"g"`     // 0: time passes to the next timer
	State  string `json:"state"` // OptionPoint, ...
	Stays  bool   `json:"stays"` // it runs already
	Does   string `json:"does"`  // what it is about to do, or waited in, as "Lock"
	Place  string `json:"place"` // file:line
	Source string `json:"source"`
	Std    bool   `json:"std"` // the place is in the standard library
}

// What an Option's State says.
const (
	OptionNew   = "new"   // it begins; Place is the go statement
	OptionPoint = "point" // it is about to do what Does says
	OptionReady = "ready" // it waited in what Does says and can go on
	OptionTime  = "time"  // no coroutine: time passes
)

const (
	keptSchedules = 64 // that were chosen; older ones go
	scheduleLimit = 2 * time.Minute
)

// schedule returns the schedule that the request names.
func (s *Server) schedule(r *http.Request) (*Schedule, error) {
	src, err := s.source(r, "id")
	if err != nil {
		return nil, err
	}
	if sch, ok := src.(*Schedule); ok {
		return sch, nil
	}
	return nil, notFound("%s is no schedule of a test: weft test -view shows those", src.ID())
}

// choices answers with what was decided in a schedule.
func (s *Server) choices(w http.ResponseWriter, r *http.Request, _ string) error {
	sch, err := s.schedule(r)
	if err != nil {
		return err
	}
	fixed := sch.Fixed
	if s.opts.Choose == nil {
		fixed = "this page only shows"
	}
	return reply(w, map[string]any{"decisions": sch.Decisions, "report": sch.Report, "fixed": fixed})
}

// choose runs another schedule: api/choose?id=ID&step=N&pick=K, and then=same to keep what was decided later.
func (s *Server) choose(w http.ResponseWriter, r *http.Request, _ string) error {
	from, err := s.schedule(r)
	if err != nil {
		return err
	}
	if s.opts.Choose == nil || from.Fixed != "" {
		return &problem{http.StatusConflict, "nothing can be chosen here: " + from.Fixed}
	}
	step, err := number(r, "step", -1)
	if err != nil {
		return err
	}
	pick, err := number(r, "pick", -1)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(from.Decisions, func(d Decision) bool { return int64(d.Step) == step })
	if at < 0 || pick < 0 || pick >= int64(len(from.Decisions[at].Options)) {
		return badRequest("%s has no such choice: say which option of which decision, step=N&pick=K; api/choices lists them", from.ID())
	}
	ctx, cancel := context.WithTimeout(r.Context(), scheduleLimit)
	defer cancel()
	sch, err := s.opts.Choose.Choose(ctx, from.info.Token, uint32(step), uint32(pick), r.URL.Query().Get("then") == "same")
	if err != nil {
		return &problem{http.StatusConflict, err.Error()}
	}
	sch.info.Kind, sch.info.Parent, sch.info.Step = "test", from.ID(), uint32(step)
	sch.info.Name = fmt.Sprintf("decision %d: g%d", step, from.Decisions[at].Options[pick].G)
	s.keep(sch, sch.Recording, "s", keptSchedules)
	return reply(w, sch.Info())
}
