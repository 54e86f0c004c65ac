package wasm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// A Report is what admission has found: what a module is, what it asks for and
// what it would cost. It holds nothing of the module's bytes.
type Report struct {
	Size       int // of the file, in bytes
	CodeBytes  int // of function bodies
	DataBytes  int // of data segments
	OtherBytes int // of custom sections, which are not run

	ABIVersion int      // 0 when the module has none
	Hooks      []string // hooks that it exports: "init", "wrap" …
	Features   []string // beyond the first version of WebAssembly
	Start      bool     // whether it has a start function

	Imports []ReportImport
	Exports []ReportExport

	Memory        Limit // in pages
	HasMemory     bool
	TableElements int // minimum, of all tables
	Types         int
	Functions     int // defined here
	Tables        int
	Globals       int
	DataSegments  int
	Elements      int // entries of element segments
	Instructions  int
	FunctionNames int // in the name section

	// What the host reads of a file and does not run; set by whoever split the
	// file.
	Manifest    bool // whether it has the custom section "aril"
	ScriptBytes int  // of the custom section "aril.script"

	// Stack is, for each exported function, how many bytes of native stack a
	// call takes at least; what recurs comes on top. Nil when the module was
	// refused before that was known.
	Stack map[string]uint32

	// Compile and SlowestCompile estimate how long the engine's compiler
	// needs for all functions and for the one that takes longest, on one core.
	Compile, SlowestCompile time.Duration
	SlowestFunction         string // its name or number
}

// A ReportImport is one import, and whether the policy grants it with this
// type.
type ReportImport struct {
	Module, Name string
	Type         string // "(i32) -> i64", or the kind when it is no function
	Granted      bool   // or optional
	Denied       bool   // optional and not granted: it answers DENIED
}

// A ReportExport is one export.
type ReportExport struct {
	Name string
	Type string // "(i32) -> i64", or the kind when it is no function
}

func (a *admission) report(size int) *Report {
	m, compile := a.m, a.m.facts.compileTime(a.policy.Track)
	r := &Report{
		Size:            size,
		Features:        features(m),
		Start:           m.Start >= 0,
		HasMemory:       len(m.Memories) > 0,
		Types:           len(m.Types),
		Functions:       len(m.Bodies),
		Tables:          len(m.Tables),
		Globals:         len(m.Globals),
		DataSegments:    len(m.Datas),
		FunctionNames:   a.names.Len(),
		Compile:         compile.compile,
		SlowestCompile:  compile.slowest,
		SlowestFunction: a.function(compile.slowestIndex),
	}
	for i := range m.Bodies {
		r.CodeBytes += len(m.Bodies[i].Code)
	}
	for i := range m.Datas {
		r.DataBytes += len(m.Datas[i].Bytes)
	}
	for i := range m.Custom {
		r.OtherBytes += len(m.Custom[i].Bytes)
	}
	for i := range m.Elems {
		r.Elements += len(m.Elems[i].Init)
	}
	for _, n := range m.facts.seen {
		r.Instructions += n
	}
	for _, memory := range m.Memories {
		r.Memory = memory
	}
	for _, t := range m.Tables {
		r.TableElements += int(t.Limit.Min)
	}
	a.reportInterface(r)
	return r
}

// reportInterface fills in imports, exports and hooks.
func (a *admission) reportInterface(r *Report) {
	for i := range a.m.Imports {
		im := &a.m.Imports[i]
		ri := ReportImport{Module: im.Module, Name: im.Name, Type: im.Kind.String()}
		if im.Kind == ExternFunc {
			ri.Type = a.m.Types[im.Type].String()
			ri.Granted = a.granted(im)
		}
		r.Imports = append(r.Imports, ri)
	}
	hooks := map[string]string{}
	for _, e := range abi.Exports() {
		hooks[e.Name] = e.Hook
	}
	for i := range a.m.Exports {
		e := &a.m.Exports[i]
		re := ReportExport{Name: e.Name, Type: e.Kind.String()}
		if e.Kind == ExternFunc {
			re.Type = a.functionType(e.Index).String()
			if e.Name == names.ExportABI {
				r.ABIVersion = 1
			}
			if hook := hooks[e.Name]; hook != "" {
				r.Hooks = append(r.Hooks, hook)
			}
		}
		r.Exports = append(r.Exports, re)
	}
	slices.Sort(r.Hooks)
}

// features are the proposals of WebAssembly 2.0 that the module needs.
func features(m *Module) []string {
	var found []string
	add := func(name string, yes bool) {
		if yes {
			found = append(found, name)
		}
	}
	uses := func(from, to Opcode) bool {
		for slot := from.slot(); slot <= to.slot(); slot++ {
			if m.facts.seen[slot] > 0 {
				return true
			}
		}
		return false
	}
	add("bulk-memory", uses(OpMemoryInit, OpTableCopy) || m.DataCount >= 0 ||
		slices.ContainsFunc(m.Elems, func(e Elem) bool { return e.Mode != Active }) ||
		slices.ContainsFunc(m.Datas, func(d Data) bool { return d.Mode != Active }))
	add("multi-value", slices.ContainsFunc(m.Types, func(t FuncType) bool { return len(t.Results) > 1 }) || m.facts.blockTypes)
	add("mutable-global", slices.ContainsFunc(m.Exports, func(e Export) bool {
		return e.Kind == ExternGlobal && int(e.Index) < len(m.Globals) && m.Globals[e.Index].Mutable
	}))
	add("nontrapping-float-to-int", uses(OpI32TruncSatF32S, OpI64TruncSatF64U))
	add("reference-types", uses(OpSelectT, OpSelectT) || uses(OpTableGet, OpTableSet) || uses(OpRefNull, OpRefFunc) ||
		uses(OpTableGrow, OpTableFill) || len(m.Tables) > 1)
	add("sign-extension", uses(OpI32Extend8S, OpI64Extend32S))
	add("simd", uses(OpV128Load, OpF64x2ConvertLowI32x4U))
	return found
}

// String writes the report for people, a fact a line. Names from the module
// are quoted where they hold anything but plain characters.
func (r *Report) String() string {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s "+format+"\n", append([]any{label}, args...)...)
	}
	line("size", "%d bytes: code %d, data %d, custom sections %d", r.Size, r.CodeBytes, r.DataBytes, r.OtherBytes)
	if r.ABIVersion > 0 {
		line("abi", "v%d", r.ABIVersion)
	} else {
		line("abi", "none")
	}
	line("hooks", "%s", list(r.Hooks))
	manifest := "no"
	if r.Manifest {
		manifest = "yes"
	}
	line("manifest", "%s", manifest)
	if r.ScriptBytes > 0 {
		line("script", "%d bytes", r.ScriptBytes)
	}
	line("features", "%s", list(r.Features))
	for _, im := range r.Imports {
		granted := "granted"
		if !im.Granted {
			granted = "NOT GRANTED"
		} else if im.Denied {
			granted = "optional, answers DENIED"
		}
		line("import", "%s.%s %s  %s", shown(im.Module), shown(im.Name), im.Type, granted)
	}
	for _, e := range r.Exports {
		line("export", "%s %s", shown(e.Name), e.Type)
	}
	if r.HasMemory {
		line("memory", "%s pages", r.Memory)
	}
	line("tables", "%d, %d elements at least, %d entries", r.Tables, r.TableElements, r.Elements)
	line("functions", "%d of %d types, %d named, %d instructions", r.Functions, r.Types, r.FunctionNames, r.Instructions)
	line("globals", "%d", r.Globals)
	line("data", "%d segments", r.DataSegments)
	if r.Start {
		line("start", "a function runs at instantiation")
	}
	line("compile", "about %s, longest %s for %s", r.Compile.Round(time.Millisecond), r.SlowestCompile.Round(time.Millisecond), r.SlowestFunction)
	return b.String()
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
