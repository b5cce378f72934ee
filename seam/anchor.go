package seam

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"slices"
	"strings"
)

// Anchor is a place in GOROOT that is not as an edit expects it.
type Anchor struct {
	File string // below GOROOT/src
	Func string // the header that the edit names
	Why  string
}

func (a *Anchor) String() string { return fmt.Sprintf("%s: %s: %s", a.File, a.Func, a.Why) }

// MovedError says that GOROOT is not as the edits of a set expect it.
type MovedError struct {
	Toolchain *Toolchain
	Anchors   []*Anchor
}

func (e *MovedError) Error() string {
	more := ""
	if n := len(e.Anchors) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Sprintf("%s in %s was modified, or is newer than this weft: install Go %s anew or update weft: %v%s",
		e.Toolchain.Version, e.Toolchain.GOROOT, Supported, e.Anchors[0], more)
}

// source is a parsed file of GOROOT.
type source struct {
	name string // below GOROOT/src
	text []byte
	fset *token.FileSet
	file *ast.File
}

func parseSource(name string, text []byte) (*source, error) {
	s := &source{name: name, text: text, fset: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

// edit returns the text with the edits made, or the anchors that have moved.
func (s *source) edit(edits []Edit) (text []byte, moved []*Anchor, err error) {
	var splices []splice
	for _, e := range edits {
		sp, why := s.place(&e)
		if why != "" {
			moved = append(moved, &Anchor{s.name, e.Func, why})
			continue
		}
		splices = append(splices, sp)
	}
	if moved != nil {
		return nil, moved, nil
	}
	text, err = applySplices(s.text, splices)
	return text, nil, err
}

// renameText makes the edits of an assembly file, or returns the anchors that have moved.
func renameText(name string, text []byte, edits []Edit) (_ []byte, moved []*Anchor) {
	for _, e := range edits {
		if e.At != Rename || !bytes.Contains(text, []byte(e.Func)) {
			moved = append(moved, &Anchor{name, e.Func, "there is no such text"})
		}
		text = bytes.ReplaceAll(text, []byte(e.Func), []byte(e.Text))
	}
	return text, moved
}

// place finds where e goes, or says why it has no place.
func (s *source) place(e *Edit) (sp splice, why string) {
	if e.At == Field {
		fields := s.structType(e.Func)
		if fields.NumFields() == 0 {
			return sp, "there is no such struct type"
		}
		at := s.offset(fields.List[len(fields.List)-1].End())
		return splice{at, at, "; " + e.Text}, ""
	}
	fn, near := s.function(e.Func)
	switch {
	case fn == nil && near != "":
		return sp, "it is declared as " + near
	case fn == nil:
		return sp, "there is no such function"
	case e.At == Rename:
		return splice{s.offset(fn.Name.Pos()), s.offset(fn.Name.End()), e.Text}, ""
	case fn.Body == nil:
		return sp, "it has no body"
	case e.At == Head:
		at := s.offset(fn.Body.Lbrace) + 1
		return splice{at, at, " " + e.Text + "; "}, ""
	}
	found := s.statements(fn.Body, e.Stmt)
	if n := len(found); n == 0 || e.Nth == 0 && n > 1 || n < e.Nth {
		return sp, fmt.Sprintf("%d of its statements begin with %q", n, e.Stmt)
	}
	stmt := found[max(e.Nth, 1)-1]
	from, to := s.offset(stmt.Pos()), s.offset(stmt.End())
	switch e.At {
	case Before:
		return splice{from, from, e.Text + "; "}, ""
	case After:
		return splice{to, to, "; " + e.Text}, ""
	}
	return splice{from, to, strings.ReplaceAll(e.Text, "$0", string(s.text[from:to]))}, ""
}

func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

// function returns the function with that header. If there is none, but one of
// the same name and receiver, it returns that one's header.
func (s *source) function(header string) (fn *ast.FuncDecl, near string) {
	want := squeeze(header)
	for _, d := range s.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		got := s.header(fn)
		if got == want {
			return fn, ""
		}
		if upToName(got, fn.Name.Name) == upToName(want, fn.Name.Name) {
			near = got
		}
	}
	return nil, near
}

// upToName returns what of header comes before the parameters of the function
// called name.
func upToName(header, name string) string {
	before, _, ok := strings.Cut(header, name+"(")
	if !ok {
		return header
	}
	return before + name
}

// header returns fn's header without the word func.
func (s *source) header(fn *ast.FuncDecl) string {
	bare := &ast.FuncDecl{Recv: fn.Recv, Name: fn.Name, Type: fn.Type}
	return strings.TrimPrefix(s.print(bare), "func ")
}

// structType returns the fields of the struct type called name.
func (s *source) structType(name string) (fields *ast.FieldList) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == name {
			if st, ok := spec.Type.(*ast.StructType); ok {
				fields = st.Fields
			}
		}
		_, isFunc := n.(*ast.FuncDecl)
		return !isFunc
	})
	return fields
}

// statements returns the statements in body, in the order of their text, that
// begin with the given text. A statement counts where others could stand beside
// it: in a block or in a case.
func (s *source) statements(body *ast.BlockStmt, begin string) (found []ast.Stmt) {
	begin = squeeze(begin)
	look := func(list []ast.Stmt) {
		for _, stmt := range list {
			if strings.HasPrefix(s.print(stmt), begin) {
				found = append(found, stmt)
			}
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			look(n.List)
		case *ast.CaseClause:
			look(n.Body)
		case *ast.CommClause:
			look(n.Body)
		}
		return true
	})
	slices.SortFunc(found, func(a, b ast.Stmt) int { return int(a.Pos() - b.Pos()) })
	return found
}

// print returns n's text as gofmt would write it, without comments, with every
// run of white space as one space.
func (s *source) print(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, s.fset, n); err != nil {
		return ""
	}
	return squeeze(b.String())
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }
