package httpd

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// cacheFor is how long a small file or an open descriptor is kept: a change of
// a file is seen after one and a half times that.
const cacheFor = time.Second

// Files returns the handler that serves the files below root: index.html for a
// directory or else a list of what it holds, single byte ranges, conditional
// requests by date and ETag, GET and HEAD. It never leaves root: `..` ends at
// its top, and a symbolic link that leads out of it, or is absolute, is not
// found. Answers are not compressed: fasthttp would write the compressed copies
// into the directory that it serves.
func Files(root *os.Root) fasthttp.RequestHandler {
	files := (&fasthttp.FS{
		FS:                 tree{root},
		Root:               ".",
		IndexNames:         []string{"index.html"},
		GenerateIndexPages: true,
		AcceptByteRange:    true,
		GenerateETag:       true,
		CacheDuration:      cacheFor,
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

func (t tree) Open(name string) (fs.File, error) {
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
