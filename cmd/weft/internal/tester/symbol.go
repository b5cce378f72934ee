package tester

import (
	"debug/elf"
	"debug/gosym"
	"debug/macho"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// symbols turns program counters of a test binary into lines of source.
type symbols struct {
	goroot string
	base   string // what file names are told relative to
	table  *gosym.Table
	start  uint64 // of the text in the file

	mu    sync.Mutex
	lines map[string][]string // of source files
}

// frame is a place in the source.
type frame struct {
	Func string
	File string
	Line int
}

func newSymbols(bin, goroot, base string) (*symbols, error) {
	pcln, start, err := lineTable(bin)
	if err != nil {
		return nil, err
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(pcln, start))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bin, err)
	}
	return &symbols{goroot: goroot, base: base, table: table, start: start, lines: map[string][]string{}}, nil
}

// lineTable returns the table of lines of an executable, and where its text begins.
func lineTable(bin string) (pcln []byte, start uint64, err error) {
	if f, err := elf.Open(bin); err == nil {
		defer f.Close()
		table, code := f.Section(".gopclntab"), f.Section(".text")
		if table == nil {
			table = f.Section(".data.rel.ro.gopclntab") // position-independent
		}
		if table == nil || code == nil {
			return nil, 0, fmt.Errorf("%s has no table of lines", bin)
		}
		pcln, err = table.Data()
		start = code.Addr
		syms, _ := f.Symbols()
		for _, sym := range syms {
			if sym.Name == "runtime.text" { // with C in the program, it is not the first
				start = sym.Value
			}
		}
		return pcln, start, err
	}
	f, err := macho.Open(bin)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	table, code := f.Section("__gopclntab"), f.Section("__text")
	if table == nil || code == nil {
		return nil, 0, fmt.Errorf("%s has no table of lines", bin)
	}
	pcln, err = table.Data()
	return pcln, code.Addr, err
}

// frame returns the place of a return address in a process whose text begins at loaded.
func (s *symbols) frame(pc, loaded uint64) frame {
	file, line, fn := s.table.PCToLine(pc - 1 - loaded + s.start)
	f := frame{File: file, Line: line}
	if fn != nil {
		f.Func = fn.Name
	}
	return f
}

// user returns the innermost place that is not in the standard library, or the outermost, and how many functions of
// the standard library other than the runtime's stand below it.
func (s *symbols) user(pcs []uint64, loaded uint64) (f frame, deep int) {
	for _, pc := range pcs {
		g := s.frame(pc, loaded)
		if g.File == "" {
			break
		}
		f = g
		if !s.std(f.File) {
			break
		}
		if !strings.HasPrefix(f.Func, "runtime.") {
			deep++
		}
	}
	return f, deep
}

// library returns the innermost place that is not in the runtime.
func (s *symbols) library(pcs []uint64, loaded uint64) (f frame) {
	for _, pc := range pcs {
		if f = s.frame(pc, loaded); !strings.HasPrefix(f.Func, "runtime.") {
			break
		}
	}
	return f
}

func (s *symbols) std(file string) bool {
	return strings.HasPrefix(file, s.goroot+string(filepath.Separator))
}

// String is the place as people write it.
func (s *symbols) place(f frame) string {
	if f.File == "" {
		return "?"
	}
	return fmt.Sprintf("%s:%d", s.short(f.File), f.Line)
}

func (s *symbols) short(file string) string {
	if rel, err := filepath.Rel(s.base, file); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	if rel, err := filepath.Rel(filepath.Join(s.goroot, "src"), file); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	if _, module, ok := strings.Cut(filepath.ToSlash(file), "/pkg/mod/"); ok {
		return module
	}
	return file
}

// source returns the text of the line.
func (s *symbols) source(f frame) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines, ok := s.lines[f.File]
	if !ok {
		data, err := os.ReadFile(f.File)
		if err == nil {
			lines = strings.Split(string(data), "\n")
		}
		s.lines[f.File] = lines
	}
	if f.Line < 1 || f.Line > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[f.Line-1])
}
