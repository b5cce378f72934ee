package observe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/weftgo/weft/trace"
)

// Lessons are programs that can be run on the spot. Package
// observe/lessons has them.
type Lessons interface {
	List() []Lesson
	Run(ctx context.Context, id, host, variant string) (*LessonRun, error)
}

// Lesson describes a lesson.
type Lesson struct {
	ID       string      `json:"id"`
	Title    trace.Words `json:"title"`
	Summary  trace.Words `json:"summary"`
	Hosts    []string    `json:"hosts"` // weft, go
	Variants []Variant   `json:"variants"`

	Source map[string]string        `json:"-"` // by host
	Text   map[string][]trace.Words `json:"-"` // what is told, by host
}

// Variant is a way to run a lesson.
type Variant struct {
	ID    string      `json:"id"`
	Title trace.Words `json:"title"`
}

// LessonRun is a lesson that has been run.
type LessonRun struct {
	ID        string        `json:"recording"` // the source to look at
	Host      string        `json:"host"`
	Variant   string        `json:"variant"`
	Title     trace.Words   `json:"title"`
	Source    string        `json:"source"`
	Output    string        `json:"output"`
	NS        int64         `json:"ns"`
	Events    uint64        `json:"events"`
	Steps     []LessonStep  `json:"steps"`
	Notes     []trace.Words `json:"notes"`
	Recording []byte        `json:"-"`
}

// LessonStep is a sentence about an event.
type LessonStep struct {
	I    int         `json:"i"` // number of the event
	T    int64       `json:"t"`
	G    uint64      `json:"g"`
	P    int16       `json:"p"`
	M    int32       `json:"m"`
	Text trace.Words `json:"text"`
}

const (
	keptLessons = 16              // recordings of lessons; older ones go
	lessonLimit = 5 * time.Minute // with the first build of Go's runtime
)

// lessons lists the lessons, describes one, or runs it.
func (s *Server) lessons(w http.ResponseWriter, r *http.Request, rest string) error {
	list := []Lesson{}
	if s.opts.Lessons != nil {
		list = s.opts.Lessons.List()
	}
	if rest == "" {
		return reply(w, list)
	}
	id, verb, _ := strings.Cut(rest, "/")
	for _, l := range list {
		switch {
		case l.ID != id:
		case verb == "run" && r.Method == http.MethodPost:
			return s.runLesson(w, r, l)
		case verb == "" && r.Method != http.MethodPost:
			return describeLesson(w, r, l)
		default:
			return &problem{http.StatusMethodNotAllowed, "a lesson is run with POST api/lessons/" + id + "/run"}
		}
	}
	return notFound("there is no lesson %q", id)
}

func describeLesson(w http.ResponseWriter, r *http.Request, l Lesson) error {
	host := r.URL.Query().Get("host")
	if host == "" {
		host = "weft"
	}
	src, ok := l.Source[host]
	if !ok {
		return badRequest("the lesson %s does not run on %q", l.ID, host)
	}
	return reply(w, map[string]any{"id": l.ID, "title": l.Title, "summary": l.Summary, "hosts": l.Hosts, "variants": l.Variants,
		"source": src, "text": l.Text[host]})
}

func (s *Server) runLesson(w http.ResponseWriter, r *http.Request, l Lesson) error {
	q := r.URL.Query()
	host := q.Get("host")
	if host == "" {
		host = "weft"
	}
	ctx, cancel := context.WithTimeout(r.Context(), lessonLimit)
	defer cancel()
	run, err := s.opts.Lessons.Run(ctx, l.ID, host, q.Get("variant"))
	if err != nil {
		return &problem{http.StatusConflict, err.Error()}
	}
	src := Bytes(Info{Name: run.Title.EN, Host: run.Host, Kind: "lesson"}, run.Recording)
	s.keep(src, src, "l", keptLessons)
	run.ID = src.ID()
	x, err := src.Index()
	if err != nil {
		return err
	}
	run.NS, run.Events = int64(x.Elapsed), x.Events
	return reply(w, run)
}

// keep gives a recording that was made here an id, which begins with kind, and makes it known as src, in place of the oldest of its kind
// when there are most.
func (s *Server) keep(src Source, rec *Recording, kind string, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	rec.info.ID = fmt.Sprintf("%s%d", kind, s.made)
	kept := slices.Clone(s.sources) // meta reads the old slice
	isKind := func(x Source) bool { return madeHere(x.ID(), kind) }
	n := 0
	for _, x := range kept {
		if isKind(x) {
			n++
		}
	}
	if n >= most {
		oldest := slices.IndexFunc(kept, isKind)
		kept = slices.Delete(kept, oldest, oldest+1)
	}
	s.sources = append(kept, src)
}

// madeHere reports whether keep has made id for a recording of kind.
func madeHere(id, kind string) bool {
	number, ok := strings.CutPrefix(id, kind)
	return ok && strings.Trim(number, "0123456789") == ""
}
