package trace

import (
	"runtime"
	"strconv"
	"strings"
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
