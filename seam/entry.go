package seam

import (
	"debug/elf"
	"debug/macho"
	"fmt"
)

// Entry is where the kernel enters an executable.
type Entry struct {
	PC   uint64
	Name string // of the symbol there, "" if the executable has none
}

// ReadEntry reads the entry point from the header of an executable for goos.
func ReadEntry(goos, path string) (Entry, error) {
	if goos == "darwin" {
		return machoEntry(path)
	}
	f, err := elf.Open(path)
	if err != nil {
		return Entry{}, err
	}
	defer f.Close()
	e := Entry{PC: f.Entry}
	symbols, _ := f.Symbols() // a stripped executable has none
	for _, s := range symbols {
		if s.Value == f.Entry && elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			e.Name = s.Name
		}
	}
	return e, nil
}

// machoEntry reads LC_MAIN, which has the entry's offset in the file, and so in
// the segment __TEXT.
func machoEntry(path string) (Entry, error) {
	const lcMain = 0x80000028
	f, err := macho.Open(path)
	if err != nil {
		return Entry{}, err
	}
	defer f.Close()
	text := f.Segment("__TEXT")
	for _, l := range f.Loads {
		b := l.Raw()
		if text == nil || len(b) < 16 || f.ByteOrder.Uint32(b) != lcMain {
			continue
		}
		e := Entry{PC: text.Addr + f.ByteOrder.Uint64(b[8:])}
		if f.Symtab != nil {
			for _, s := range f.Symtab.Syms {
				if s.Value == e.PC {
					e.Name = s.Name
				}
			}
		}
		return e, nil
	}
	return Entry{}, fmt.Errorf("%s: its header names no entry point", path)
}
