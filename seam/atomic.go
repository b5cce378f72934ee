package seam

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/weftgo/weft/explore"
)

//go:embed hooks/steer_atomic.go.txt
var atomicSteer string

// SteerFlags are flags for go build and go test that make the functions of sync/atomic scheduling points where the program, or a
// module it imports, calls them. The compiler puts instructions in their place otherwise; in the standard library it still does.
var SteerFlags = []string{"-gcflags=all=-d=ssa/intrinsics/off", "-gcflags=std="}

// atomicFunc is a function of sync/atomic.
type atomicFunc struct{ file, name, params, args, result string }

func (f *atomicFunc) header(prefix string) string {
	h := prefix + f.name + "(" + f.params + ")"
	if f.result != "" {
		h += " (" + f.result + ")"
	}
	return h
}

// atomicFuncs are those that are calls under SteerFlags and are written in assembly. The runtime has the others, those that write
// pointers (steerEdits).
func atomicFuncs() (all []atomicFunc) {
	for _, typ := range []string{"int32", "int64", "uint32", "uint64", "uintptr"} {
		file := "sync/atomic/doc.go"
		if strings.HasSuffix(typ, "64") {
			file = "sync/atomic/doc_64.go"
		}
		suffix := strings.ToUpper(typ[:1]) + typ[1:]
		add := func(op, params, args, result string) {
			all = append(all, atomicFunc{file, op + suffix, "addr *" + typ + params, "addr" + args, result})
		}
		add("Load", "", "", "val "+typ)
		add("Add", ", delta "+typ, ", delta", "new "+typ)
		add("And", ", mask "+typ, ", mask", "old "+typ)
		add("Or", ", mask "+typ, ", mask", "old "+typ)
		add("Store", ", val "+typ, ", val", "")
		add("Swap", ", new "+typ, ", new", "old "+typ)
		add("CompareAndSwap", ", old, new "+typ, ", old, new", "swapped bool")
	}
	return append(all, atomicFunc{"sync/atomic/doc.go", "LoadPointer", "addr *unsafe.Pointer", "addr", "val unsafe.Pointer"})
}

// atomicSource is the file added to sync/atomic: each function of atomicFuncs, which are renamed, is a point and then the original.
func atomicSource() string {
	var b strings.Builder
	b.WriteString(atomicSteer)
	for _, f := range atomicFuncs() {
		ret := ""
		if f.result != "" {
			ret = "return "
		}
		fmt.Fprintf(&b, "\nfunc %s {\n\tif steerOn {\n\t\tsteerAtomic(unsafe.Pointer(addr))\n\t}\n\t%ssteer%s(%s)\n}\n",
			f.header(""), ret, f.name, f.args)
	}
	return b.String()
}

// asPointers reports whether the runtime's functions that write pointers are made of f, notAsPointers the contrary.
func asPointers(f atomicFunc) bool {
	return f.name == "StoreUintptr" || f.name == "SwapUintptr" || f.name == "CompareAndSwapUintptr"
}

func notAsPointers(f atomicFunc) bool { return !asPointers(f) }

// atomicRuntimeSource is a file added to package runtime that declares the originals of those functions: the runtime calls some without a
// second point, and has all under -race. For functions of another package the compiler makes what Go code calls them through only if they
// are declared.
func atomicRuntimeSource(constraint string, which func(atomicFunc) bool) string {
	var b strings.Builder
	b.WriteString(constraint + "package runtime\n\nimport \"unsafe\"\n\nvar _ unsafe.Pointer\n")
	for _, f := range atomicFuncs() {
		if which(f) {
			fmt.Fprintf(&b,
				"\n//go:linkname steerAtomic%s sync/atomic.steer%s\n//go:noescape\nfunc %s\n", f.name, f.name, f.header("steerAtomic"))
		}
	}
	return b.String()
}

// atomicEdits make each method of an atomic type a point, and rename what atomicSource calls.
func atomicEdits() (edits []Edit) {
	text := fmt.Sprintf("if steerOn { steerPoint(%d, unsafe.Pointer(x)) }", explore.OpAtomic)
	add := func(header string) {
		edits = append(edits, Edit{File: "sync/atomic/type.go", Func: header, Text: text})
	}
	for typ, val := range map[string]string{
		"Bool":  "bool",
		"Int32": "int32", "Int64": "int64", "Uint32": "uint32",
		"Uint64": "uint64", "Uintptr": "uintptr", "Pointer[T]": "*T",
	} {
		add(fmt.Sprintf("(x *%s) Load() %s", typ, val))
		add(fmt.Sprintf("(x *%s) Store(val %s)", typ, val))
		add(fmt.Sprintf("(x *%s) Swap(new %s) (old %s)", typ, val, val))
		add(fmt.Sprintf("(x *%s) CompareAndSwap(old, new %s) (swapped bool)", typ, val))
		if typ != "Bool" && typ != "Pointer[T]" {
			add(fmt.Sprintf("(x *%s) Add(delta %s) (new %s)", typ, val, val))
			add(fmt.Sprintf("(x *%s) And(mask %s) (old %s)", typ, val, val))
			add(fmt.Sprintf("(x *%s) Or(mask %s) (old %s)", typ, val, val))
		}
	}
	slices.SortFunc(edits, func(a, b Edit) int { return strings.Compare(a.Func, b.Func) })
	text = strings.Replace(text, "(x)", "(v)", 1)
	for _, header := range []string{
		"Load() (val any)", "Store(val any)", "Swap(new any) (old any)", "CompareAndSwap(old, new any) (swapped bool)",
	} {
		edits = append(edits, Edit{File: "sync/atomic/value.go", Func: "(v *Value) " + header, Text: text})
	}
	for _, f := range atomicFuncs() {
		edits = append(edits,
			Edit{File: f.file, Func: f.header(""), At: Rename, Text: "steer" + f.name},
			Edit{File: "sync/atomic/asm.s", Func: "TEXT ·" + f.name + "(SB)", At: Rename, Text: "TEXT ·steer" + f.name + "(SB)"})
		for _, arch := range []string{"amd64", "arm64"} { // under -race
			edits = append(edits, Edit{File: "runtime/race_" + arch + ".s", Func: "sync∕atomic·" + f.name + "(SB)", At: Rename,
				Text: "sync∕atomic·steer" + f.name + "(SB)"})
		}
	}
	return edits
}
