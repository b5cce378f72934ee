// Package observe shows a run in a browser: the machine live or from a
// recording, its timeline, the questions that people ask, and lessons.
//
// A [Server] is a http.Handler that can be mounted anywhere; every URL of the
// page is relative. What it shows are [Source]s: a [Live] feed, which is a
// trace.Sink, or recordings.
//
//	mux.Handle("/debug/weft/", observe.Handler())
//	weft.Main(run, observe.Trace())
//
// What may interleave: requests of many viewers with each other and with the
// run. A source is safe for that; nothing that a viewer does or fails to do
// delays the run (live.go).
package observe

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/weftgo/weft/sched"
)

//go:embed all:dist
var dist embed.FS

// Options are what a Server may do.
type Options struct {
	// Token allows control (POST) to whoever sends it. "" refuses control.
	Token string

	// Control, if not nil, carries out what POST api/control asks.
	Control Controller

	// Lessons, if not nil, are offered to be run.
	Lessons Lessons

	// Choose, if not nil, runs schedules that viewers choose (POST api/choose).
	Choose Chooser

	// AnyHost accepts requests under every Host name. Otherwise only addresses,
	// localhost and the machine's own name are accepted, so that a foreign page
	// can't reach the server under a name of its own (DNS rebinding).
	AnyHost bool
}

// Controller is a run that can be changed while it goes on.
type Controller interface {
	SetProcs(n int)
	Procs() int
	SetRecording(on bool) // pauses the recorder, or lets it go on
	Recording() bool
	Stats() any                                        // the runtime's counters, for JSON; nil: none
	Serving() (requests, conns uint64, ok bool)        // false: it serves nothing
	Tables(limit int) (tables sched.Tables, have bool) // of weft's own runtime

	// Parked tells of the coroutine id of weft's own runtime, or of the first limit,
	// if they are parked now; false: they can't be looked at.
	Parked(id uint64, limit int) (parked []sched.ParkedG, have bool)
}

// Server is the page and its API. Use New.
type Server struct {
	opts Options
	site fs.FS

	mu      sync.Mutex
	sources []Source // in order of addition; never changed, only replaced
	made    int      // recordings made here: lessons, chosen schedules
}

// New returns a server of sources, the first of which is what the page opens.
func New(opts Options, sources ...Source) *Server {
	site, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return &Server{opts: opts, site: site, sources: sources}
}

// Add makes one more source known.
func (s *Server) Add(src Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources[:len(s.sources):len(s.sources)], src)
}

// source returns the source that the request names; none named means the first.
func (s *Server) source(r *http.Request, param string) (Source, error) {
	id := r.URL.Query().Get(param)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.sources {
		if id == "" || src.ID() == id {
			return src, nil
		}
	}
	if id == "" {
		return nil, notFound("there is no recording here: run a lesson first")
	}
	return nil, notFound("there is no recording %q: api/meta lists them", id)
}

// ServeHTTP answers a request for the page or its API, wherever it is mounted.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if err := s.admit(r); err != nil {
		fail(w, err)
		return
	}
	if i := strings.LastIndex(r.URL.Path, "/api/"); i >= 0 {
		w.Header().Set("Cache-Control", "no-store")
		if err := s.api(w, r, r.URL.Path[i+len("/api/"):]); err != nil {
			fail(w, err)
		}
		return
	}
	s.page(w, r)
}

// page serves the files of the page.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		fail(w, &problem{http.StatusMethodNotAllowed, "the page is read with GET"})
		return
	}
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if i := strings.LastIndex(r.URL.Path, "/assets/"); i >= 0 {
		name = r.URL.Path[i+1:]
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	if name == "" {
		name = "index.html"
	}
	if !fs.ValidPath(name) {
		fail(w, notFound("no such file"))
		return
	}
	f, err := s.site.Open(name)
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		fail(w, notFound("the page has no file %q", name))
		return
	}
	f.Close()
	serveEmbedded(w, r, s.site, name)
}

// serveEmbedded avoids http.FileServer's redirects, which know of no mount point.
func serveEmbedded(w http.ResponseWriter, r *http.Request, site fs.FS, name string) {
	b, err := fs.ReadFile(site, name)
	if err != nil {
		fail(w, notFound("the page has no file %q", name))
		return
	}
	http.ServeContent(w, r, name, buildTime, strings.NewReader(string(b)))
}

// api dispatches what stands behind api/.
func (s *Server) api(w http.ResponseWriter, r *http.Request, path string) error {
	name, rest, _ := strings.Cut(path, "/")
	h, ok := apis[name]
	if !ok || rest != "" && name != "lessons" {
		return notFound("api/%s is not known", path)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if name == "control" || name == "choose" {
			return &problem{http.StatusMethodNotAllowed, fmt.Sprintf("api/%s is a POST", name)}
		}
	case http.MethodPost:
		if name != "control" && name != "lessons" && name != "choose" {
			return &problem{http.StatusMethodNotAllowed, fmt.Sprintf("api/%s is read with GET", name)}
		}
		if err := s.mayControl(r); err != nil {
			return err
		}
	default:
		return &problem{http.StatusMethodNotAllowed, "GET, or POST for control"}
	}
	return h(s, w, r, rest)
}

type handler func(s *Server, w http.ResponseWriter, r *http.Request, rest string) error

// apis is filled by init, since what it names refers to it.
var apis map[string]handler

func init() {
	apis = map[string]handler{
		"meta":      (*Server).meta,
		"recording": (*Server).recording,
		"text":      (*Server).text,
		"perfetto":  (*Server).perfetto,
		"control":   (*Server).control,
		"lessons":   (*Server).lessons,
		"live":      (*Server).live,
		"ask":       (*Server).ask,
		"state":     (*Server).state,
		"stack":     (*Server).stack,
		"diff":      (*Server).diff,
		"choices":   (*Server).choices,
		"choose":    (*Server).choose,
	}
}

// version is weft's, as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	const module = "github.com/weftgo/weft"
	if info.Main.Path == module && info.Main.Version != "" {
		return info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return "(devel)"
}
