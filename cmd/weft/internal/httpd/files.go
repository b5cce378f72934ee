package httpd

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft"
)

// cacheFor is how long a small file or an open descriptor is kept: a change of
// a file is seen after one and a half times that.
const cacheFor = time.Second

// How often, and at first after how long, an open is tried again that found no
// free descriptor: 5 ms, then 10, 20, ... 640 ms.
const (
	openTries = 8
	openWait  = 5 * time.Millisecond
)

// Files returns the handler that serves the files below root: index.html for a
// directory or else a list of what it holds, single byte ranges, conditional
// requests by date and ETag, GET and HEAD. It never leaves root: `..` ends at
// its top, and a symbolic link that leads out of it, or is absolute, is not
// found. Answers are not compressed: fasthttp would write the compressed copies
// into the directory that it serves.
func Files(root *os.Root) fasthttp.RequestHandler {
	t := tree{root}
	files := (&fasthttp.FS{
		FS:                 t,
		Root:               ".",
		IndexNames:         []string{"index.html"},
		GenerateIndexPages: true,
		AcceptByteRange:    true,
		GenerateETag:       true,
		CacheDuration:      cacheFor,
		PathNotFound:       t.explain,
	}).NewRequestHandler()
	return func(ctx *fasthttp.RequestCtx) {
		if !ctx.IsGet() && !ctx.IsHead() {
			ctx.Error("Method Not Allowed", fasthttp.StatusMethodNotAllowed)
			ctx.Response.Header.Set(fasthttp.HeaderAllow, "GET, HEAD")
			return
		}
		files(ctx)
	}
}

// tree is the file system below a root, without what is neither a file nor a
// directory: to open a pipe would wait for its writer.
type tree struct{ root *os.Root }

// Open opens what fasthttp asks for. When no descriptor is free it parks and
// tries again: other connections, which hold them, end meanwhile.
func (t tree) Open(name string) (fs.File, error) {
	f, err := t.open(name)
	for i := 0; i < openTries && noDescriptor(err); i++ {
		weft.Sleep(openWait << i)
		f, err = t.open(name)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (t tree) open(name string) (*os.File, error) {
	f, err := t.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func noDescriptor(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// explain answers a request for what could not be opened. fasthttp keeps the
// reason to itself, so it looks again.
func (t tree) explain(ctx *fasthttp.RequestCtx) {
	status := fasthttp.StatusNotFound
	f, err := t.open(string(bytes.Trim(ctx.Path(), "/")))
	switch {
	case err == nil: // it was made, or a descriptor became free, in between
		f.Close()
		status = fasthttp.StatusServiceUnavailable
	case noDescriptor(err):
		status = fasthttp.StatusServiceUnavailable
	case errors.Is(err, fs.ErrPermission):
		status = fasthttp.StatusForbidden
	}
	ctx.Error(fasthttp.StatusMessage(status), status)
}
