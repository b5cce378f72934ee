package trace

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// Symbol says what a program counter stands for.
type Symbol struct {
	Func string // with its package path, as "example.org/a/b.(*T).Run"
	File string // as the compiler recorded it
	Line int
}

// Name returns the function without the directories of its package, as
// "b.(*T).Run", or "" when it is unknown.
func (s Symbol) Name() string { return afterSlash(s.Func) }

// Pos returns the file's last element and the line, as "main.go:12", or "" when
// the file is unknown.
func (s Symbol) Pos() string {
	if s.File == "" {
		return ""
	}
	return afterSlash(s.File) + ":" + strconv.Itoa(s.Line)
}

func afterSlash(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// Resolve returns the symbol of a program counter of this process: a function's
// entry or a return address, as runtime.Callers gives it. It returns the zero
// Symbol for any other number.
func Resolve(pc uint64) Symbol {
	if pc == 0 {
		return Symbol{}
	}
	f, _ := runtime.CallersFrames([]uintptr{uintptr(pc)}).Next()
	return Symbol{f.Function, f.File, f.Line}
}

// Own returns, of the calls on a stack of this process as runtime.Callers gives
// them, the innermost that stands in the program's own code: neither in the
// standard library nor in weft's. 0: there is none.
func Own(pcs []uintptr) uintptr {
	for _, pc := range pcs {
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		if isOwn(&f) {
			return pc
		}
	}
	return 0
}

// module is weft's path; what follows are its packages that are a library.
const module = "github.com/weftgo/weft"

var libraries = map[string]bool{"": true, "/adapt/http1": true, "/adapt/lines": true, "/adapt/websocket": true, "/coro": true,
	"/internal/ident": true, "/poll": true, "/sched": true, "/sim": true, "/wnet": true, "/wsync": true, "/wtime": true}

// isOwn reports whether f is neither the standard library's nor weft's. A binary
// that was built with -trimpath doesn't say where the standard library is; there
// it is what has a path without a dot in its first element.
func isOwn(f *runtime.Frame) bool {
	pkg := f.Function
	if i := strings.IndexByte(afterSlash(pkg), '.'); i >= 0 {
		pkg = pkg[:len(pkg)-len(afterSlash(pkg))+i]
	}
	if rest, ok := strings.CutPrefix(pkg, module); ok && libraries[rest] || pkg == "" || pkg == "runtime" {
		return false
	}
	if root := goroot(); root != "" {
		return !strings.HasPrefix(f.File, root)
	}
	first, _, _ := strings.Cut(pkg, "/")
	return pkg == "main" || strings.Contains(first, ".")
}

// goroot is how the files of the standard library begin, "" if that is not known.
var goroot = sync.OnceValue(func() string {
	var pc [1]uintptr
	runtime.Callers(0, pc[:])
	f, _ := runtime.CallersFrames(pc[:]).Next() // runtime.Callers itself
	return f.File[:max(0, strings.LastIndex(f.File, "runtime/"))]
})

// symbols remembers what resolve has said.
type symbols struct {
	resolve func(pc uint64) Symbol
	known   map[uint64]Symbol
}

func newSymbols(resolve func(pc uint64) Symbol) symbols {
	if resolve == nil {
		resolve = Resolve
	}
	return symbols{resolve, make(map[uint64]Symbol)}
}

func (s *symbols) get(pc uint64) Symbol {
	sym, ok := s.known[pc]
	if !ok && pc != 0 {
		sym = s.resolve(pc)
		if len(s.known) < maxSymbols {
			s.known[pc] = sym
		}
	}
	return sym
}

// pcs returns the program counters in e, 0 for none.
func (e *Event) pcs() [2]uint64 {
	switch e.Kind {
	case KGoCreate:
		return [2]uint64{e.B, e.C}
	case KGoPark, KGoEntry:
		return [2]uint64{e.B}
	case KEntry, KInitTask, KSyscall:
		return [2]uint64{e.A}
	}
	return [2]uint64{}
}
