package observe

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/weftgo/weft/trace"
)

// Source is something to be looked at: a recording, or a run that goes on.
type Source interface {
	ID() string
	// Info describes it for the page.
	Info() Info
	// Open returns the recording, or what is kept of it up to now.
	Open() (io.ReadSeekCloser, error)
	// Index returns the index of what Open returns. A live source makes it anew.
	Index() (*trace.Index, error)
}

// Info is what api/meta tells of a source.
type Info struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Host    string    `json:"host"` // weft, or go
	Kind    string    `json:"kind"` // live, file, lesson or test
	Bytes   int64     `json:"bytes,omitempty"`
	Events  uint64    `json:"events,omitempty"`
	NS      int64     `json:"ns,omitempty"`
	Damage  string    `json:"damage"`
	Start   time.Time `json:"start,omitzero"`
	Go      string    `json:"go,omitempty"`
	GOOS    string    `json:"goos,omitempty"`
	GOARCH  string    `json:"goarch,omitempty"`
	Token   string    `json:"token"`            // test: the schedule's
	Command string    `json:"command"`          // test: what repeats it
	Failed  string    `json:"failed,omitempty"` // test: how, in a word
	Parent  string    `json:"parent,omitempty"` // test: the schedule that it was chosen in, at decision Step
	Step    uint32    `json:"step,omitempty"`
}

// Recording is a Source that does not change: a file, or bytes in memory.
type Recording struct {
	info Info
	open func() (io.ReadSeekCloser, error)
	once sync.Once
	x    *trace.Index
	err  error
}

// File returns the recording in a file. It may be damaged: what comes before the
// damage is shown. What is no recording at all is an error.
func File(id, name string) (*Recording, error) {
	if st, err := os.Stat(name); err == nil && st.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory: name a recording")}
	}
	r := &Recording{
		info: Info{ID: id, Name: filepath.Base(name), Host: "weft", Kind: "file"},
		open: func() (io.ReadSeekCloser, error) { return os.Open(name) },
	}
	x, err := r.Index()
	if err != nil {
		return nil, err
	}
	if x.Events == 0 && (errors.Is(x.Damage, trace.ErrNotRecording) || errors.Is(x.Damage, trace.ErrVersion)) {
		return nil, x.Damage
	}
	return r, nil
}

// Bytes returns the recording in b, which must not be changed any more.
func Bytes(info Info, b []byte) *Recording {
	return &Recording{info: info, open: func() (io.ReadSeekCloser, error) {
		return memory{bytes.NewReader(b)}, nil
	}}
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// ID returns the source's id.
func (r *Recording) ID() string { return r.info.ID }

// Open opens the recording.
func (r *Recording) Open() (io.ReadSeekCloser, error) { return r.open() }

// Index reads the recording once and remembers what it found.
func (r *Recording) Index() (*trace.Index, error) {
	r.once.Do(func() {
		f, err := r.open()
		if err != nil {
			r.err = err
			return
		}
		defer f.Close()
		r.x, r.err = trace.NewIndex(f)
	})
	return r.x, r.err
}

// Info describes the recording.
func (r *Recording) Info() Info {
	info := r.info
	x, err := r.Index()
	if err != nil {
		info.Damage = err.Error()
		return info
	}
	info.describe(x)
	return info
}

func (i *Info) describe(x *trace.Index) {
	i.Bytes, i.Events, i.NS = x.Bytes, x.Events, int64(x.Elapsed)
	i.Start, i.Go, i.GOOS, i.GOARCH = x.Header.Start, x.Header.Go, x.Header.GOOS, x.Header.GOARCH
	if x.OfGo {
		i.Host = "go"
	}
	if x.Damage != nil {
		i.Damage = x.Damage.Error()
	}
}
