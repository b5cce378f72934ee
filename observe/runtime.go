package observe

import (
	"net/http"
	"sync"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// Runtime shows and controls a run of weft's own runtime in this process: the
// run that was given Option. Its methods may be called by anybody at any time.
type Runtime struct {
	Live     *Live
	Recorder *trace.Recorder

	// Requests, if not nil, returns how many requests have been served and how
	// many connections there are. It is set before Record is called.
	Requests func() (requests, conns uint64)
}

// NewRuntime returns a feed for one run.
func NewRuntime(name string) *Runtime {
	r := &Runtime{Live: NewLive(Info{ID: "main", Name: name, Host: "weft", Start: time.Now()}, nil)}
	r.Record()
	return r
}

// Record makes the recorder anew, with sinks that are given the events too. It is
// called before the run begins.
func (r *Runtime) Record(sinks ...trace.Sink) {
	r.Recorder = trace.New(trace.Options{Sinks: append(sinks, r.Live), Served: r.Requests})
}

// Option has a run recorded for this feed. A Runtime serves one run.
func (r *Runtime) Option() weft.Option { return weft.Trace(r.Recorder) }

// Server returns the page of the run. With a token it can be controlled.
func (r *Runtime) Server(opts Options) *Server {
	opts.Control = r
	return New(opts, r.Live)
}

func (r *Runtime) sched() *sched.Sched { return sched.Find(r.Recorder) }

// SetProcs changes the number of Ps, if the run goes on.
func (r *Runtime) SetProcs(n int) {
	if s := r.sched(); s != nil {
		s.SetProcs(n)
	}
}

// Procs returns the number of Ps, 0 when nothing runs.
func (r *Runtime) Procs() int {
	if s := r.sched(); s != nil {
		return s.Procs()
	}
	return 0
}

// Recording reports whether events are recorded.
func (r *Runtime) Recording() bool { return !r.Recorder.Paused() }

// SetRecording pauses the recorder or lets it go on. Then the feed is told how
// things stand, from the runtime's tables.
func (r *Runtime) SetRecording(on bool) {
	was := r.Recording()
	r.Recorder.SetPaused(!on)
	if s := r.sched(); s != nil && on && !was {
		t := s.Tables(maxTold)
		r.Live.Resync(t.Events())
	}
}

// maxTold is how many coroutines are told of after a pause.
const maxTold = 1 << 20

// Stats returns the runtime's counters, nil when nothing runs.
func (r *Runtime) Stats() any {
	if s := r.sched(); s != nil {
		return s.ReadStats()
	}
	return nil
}

// Serving returns what Requests says.
func (r *Runtime) Serving() (requests, conns uint64, ok bool) {
	if r.Requests == nil {
		return 0, 0, false
	}
	requests, conns = r.Requests()
	return requests, conns, true
}

// Tables looks at the runtime's tables; false when nothing runs.
func (r *Runtime) Tables(limit int) (sched.Tables, bool) {
	if s := r.sched(); s != nil {
		return s.Tables(limit), true
	}
	return sched.Tables{}, false
}

// Parked looks at coroutines that are parked; false when nothing runs, or when a
// look would change what the run decides.
func (r *Runtime) Parked(id uint64, limit int) ([]sched.ParkedG, bool) {
	if s := r.sched(); s != nil {
		return s.Parked(id, limit)
	}
	return nil, false
}

var ofProcess = sync.OnceValue(func() *Runtime { return NewRuntime("this process") })

// Handler returns the page of the run that was started with [Trace], to be
// mounted in any mux, under any path that ends in a slash: /debug/weft/ is the
// usual one. Whoever may read it sees the program's functions, files, objects
// and descriptors; nothing can be changed there. It answers under every host name that the
// mux answers under.
func Handler() http.Handler { return ofProcess().Server(Options{AnyHost: true}) }

// Trace is the option of the run that [Handler] shows.
func Trace() weft.Option { return ofProcess().Option() }
