package wsync

import (
	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
)

// spawn starts fn in a coroutine of the caller's runtime. Reports show the call
// of spawn's caller as the go statement.
func spawn(fn func()) { sched.Current().Newproc(fn, ident.CallerPC()) }
