package seam

import (
	"fmt"
	"slices"
	"strings"
)

// Place says where in a function an edit goes.
type Place uint8

// The places. Before, After and Replace need Edit.Stmt.
const (
	Head    Place = iota // before the first statement of the function
	Before               // before the statement
	After                // after the statement
	Replace              // in place of the statement; $0 in the text stands for what was there
	Rename               // the function gets the name Text, so that an added file can define the old name
	Field                // Edit.Func names a struct type, Text is a field to add at its end
)

// Edit is one insertion into a file of GOROOT/src. It states what it relies on,
// and is refused where that has moved. In an assembly file only Rename is
// possible: Func is then a text, and Text takes its place wherever it stands.
type Edit struct {
	File string // below GOROOT/src, as "runtime/proc.go"
	// Func is the whole header of the function without the word func, with the
	// names of its parameters as the text uses them, such as
	// "runqget(pp *p) (gp *g, inheritTime bool)" or "(t *timer) unlockAndRun(now int64)".
	Func string
	At   Place
	// Stmt is how the statement begins, with every run of white space as one
	// space: "gp.goid = ". Exactly one statement of the function may begin so,
	// or, with Nth, at least that many.
	Stmt string
	Nth  int    // which of them, counted from 1; 0: there is only one
	Text string // statements, on one line
	GOOS string // only for this system; "" for all
}

// File is a file added to GOROOT/src: to a package that is there, or as a new
// package of the standard library.
type File struct {
	Path string // below GOROOT/src, as "runtime/weft_ring.go"
	Text string // Go source; build constraints hold as in any file
}

// Set is what one build inserts. Sets compose with [Join].
type Set struct {
	Name  string
	Edits []Edit
	Files []File
}

// Join returns a set with the edits and files of all. Where two edits have the
// same place, that of the earlier set stands first.
func Join(sets ...Set) Set {
	var all Set
	var names []string
	for _, s := range sets {
		names = append(names, s.Name)
		all.Edits = append(all.Edits, s.Edits...)
		all.Files = append(all.Files, s.Files...)
	}
	all.Name = strings.Join(names, "+")
	return all
}

// forOS returns the edits of s that hold on goos, by file. It refuses those
// that can't be right whatever GOROOT has.
func (s *Set) forOS(goos string) (map[string][]Edit, error) {
	edits := make(map[string][]Edit)
	for _, e := range s.Edits {
		needsStmt := e.At == Before || e.At == After || e.At == Replace
		switch {
		case strings.Contains(e.Text, "\n"):
			return nil, fmt.Errorf("seam: edit of %s: its text has a line break, which would move the lines after it", e.Func)
		case needsStmt != (e.Stmt != ""):
			return nil, fmt.Errorf("seam: edit of %s: a statement is given or missing against its place", e.Func)
		case e.GOOS == "" || e.GOOS == goos:
			edits[e.File] = append(edits[e.File], e)
		}
	}
	seen := map[string]bool{}
	for _, f := range s.Files {
		if seen[f.Path] {
			return nil, fmt.Errorf("seam: two sets add %s", f.Path)
		}
		seen[f.Path] = true
	}
	return edits, nil
}

// splice is a piece of text that takes the place of src[from:to].
type splice struct {
	from, to int
	text     string
}

// applySplices returns src with all of them made. Those at one offset come out
// in the order given.
func applySplices(src []byte, splices []splice) ([]byte, error) {
	slices.SortStableFunc(splices, func(a, b splice) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, s := range splices {
		if s.from < at {
			return nil, fmt.Errorf("seam: two edits replace the same text")
		}
		out = append(append(out, src[at:s.from]...), s.text...)
		at = s.to
	}
	return append(out, src[at:]...), nil
}
