package ident

import (
	"runtime"
	"strings"
)

// Site returns what stands at a program counter: a function's entry or a return
// address. Of calls that were inlined there it is the innermost, unless that is
// weft.Go's: who asks where a coroutine was created means the caller of that.
func Site(pc uintptr) runtime.Frame {
	frames := runtime.CallersFrames([]uintptr{pc})
	f, more := frames.Next()
	if more && strings.HasSuffix(f.Function, "weftgo/weft.Go") {
		f, _ = frames.Next()
	}
	return f
}
