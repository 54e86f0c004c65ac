// Package wasmtest builds WebAssembly modules for tests, right ones and wrong
// ones: it checks nothing. It knows no other package of this repository, so
// that every test may use it.
//
//	m := wasmtest.New()
//	next := m.Import("aril_v1", "next", "iii:I")
//	f := m.Func("i:i", "I", wasm.OpLocalGet, 0, wasm.OpEnd)
//	m.ExportFunc("aril_wrap", f).Memory(1, 2).ExportMemory("memory").Bytes()
//
// A signature is written "params:results" and a list of types as letters:
// i i32, I i64, f f32, F f64, v v128, r funcref, e externref.
package wasmtest

import "fmt"

// Kinds of imports and exports.
const (
	KindFunc   = 0
	KindTable  = 1
	KindMemory = 2
	KindGlobal = 3
)

// NoMax is a maximum that is not there.
const NoMax = -1

// A Module collects the parts of a module. Its methods may be called in any
// order, but imports of functions come before functions. Methods that make
// something with an index return the index.
type Module struct {
	types                                                                              map[string]int
	typeList                                                                           [][]byte
	imports, funcs, tables, memories, globals, exports, elems, bodies, datas, trailing [][]byte
	importedFuncs                                                                      int
	start                                                                              []byte
	dataCount                                                                          bool
}

// New is an empty module.
func New() *Module { return &Module{types: map[string]int{}} }

// Type is the index of a signature; the same signature has one index.
func (m *Module) Type(sig string) int {
	i, ok := m.types[sig]
	if !ok {
		i = len(m.typeList)
		m.types[sig] = i
		m.typeList = append(m.typeList, signature(sig))
	}
	return i
}

// Import imports a function and returns its index.
func (m *Module) Import(module, name, sig string) int {
	if len(m.funcs) > 0 {
		panic("wasmtest: import after function")
	}
	m.ImportAny(module, name, KindFunc, m.Type(sig))
	m.importedFuncs++
	return m.importedFuncs - 1
}

// ImportAny imports anything: desc is encoded as Code does.
func (m *Module) ImportAny(module, name string, kind byte, desc ...any) *Module {
	m.imports = append(m.imports, Code(Name(module), Name(name), kind, Code(desc...)))
	return m
}

// Func adds a function with further locals and a body, encoded as Code does,
// its end included. It returns the function's index.
func (m *Module) Func(sig, locals string, body ...any) int {
	return m.FuncRaw(sig, Locals(locals), Code(body...))
}

// FuncRaw adds a function whose encoded locals and code are given.
func (m *Module) FuncRaw(sig string, locals, code []byte) int {
	m.funcs = append(m.funcs, Code(m.Type(sig)))
	body := append(append([]byte(nil), locals...), code...)
	m.bodies = append(m.bodies, Code(len(body), body))
	return m.importedFuncs + len(m.funcs) - 1
}

// Memory adds a memory of min to max pages.
func (m *Module) Memory(min, max int) *Module {
	m.memories = append(m.memories, limits(min, max))
	return m
}

// Table adds a table and returns its index.
func (m *Module) Table(letter string, min, max int) int {
	m.tables = append(m.tables, Code(Types(letter), limits(min, max)))
	return len(m.tables) - 1
}

// Global adds a global with an initialiser, its end included, and returns its
// index among the globals defined here.
func (m *Module) Global(letter string, mutable bool, init ...any) int {
	flag := byte(0)
	if mutable {
		flag = 1
	}
	m.globals = append(m.globals, Code(Types(letter), flag, Code(init...)))
	return len(m.globals) - 1
}

// Export exports anything.
func (m *Module) Export(name string, kind byte, index int) *Module {
	m.exports = append(m.exports, Code(Name(name), kind, index))
	return m
}

// ExportFunc exports a function.
func (m *Module) ExportFunc(name string, index int) *Module { return m.Export(name, KindFunc, index) }

// ExportMemory exports memory 0.
func (m *Module) ExportMemory(name string) *Module { return m.Export(name, KindMemory, 0) }

// Start makes a function the start function.
func (m *Module) Start(index int) *Module {
	m.start = Code(index)
	return m
}

// Elem adds an active element segment of functions for table 0.
func (m *Module) Elem(offset int32, funcs ...int) *Module {
	var entries []any
	for _, f := range funcs {
		entries = append(entries, f)
	}
	return m.ElemRaw(0, byte(0x41), offset, byte(0x0b), len(funcs), Code(entries...))
}

// ElemRaw adds an element segment, encoded as Code does.
func (m *Module) ElemRaw(parts ...any) *Module {
	m.elems = append(m.elems, Code(parts...))
	return m
}

// Data adds an active data segment at a constant offset.
func (m *Module) Data(offset int32, bytes string) *Module {
	return m.DataRaw(0, byte(0x41), offset, byte(0x0b), len(bytes), []byte(bytes))
}

// PassiveData adds a passive data segment.
func (m *Module) PassiveData(bytes string) *Module { return m.DataRaw(1, len(bytes), []byte(bytes)) }

// DataRaw adds a data segment, encoded as Code does.
func (m *Module) DataRaw(parts ...any) *Module {
	m.datas = append(m.datas, Code(parts...))
	return m
}

// DataCount adds the data count section.
func (m *Module) DataCount() *Module {
	m.dataCount = true
	return m
}

// Custom adds a custom section after all others.
func (m *Module) Custom(name string, content []byte) *Module {
	m.trailing = append(m.trailing, Section(0, Name(name), content))
	return m
}

// Bytes is the binary module.
func (m *Module) Bytes() []byte {
	out := Header()
	for _, s := range []struct {
		id    byte
		items [][]byte
	}{
		{1, m.typeList}, {2, m.imports}, {3, m.funcs}, {4, m.tables}, {5, m.memories}, {6, m.globals}, {7, m.exports},
	} {
		out = append(out, vector(s.id, s.items)...)
	}
	if m.start != nil {
		out = append(out, Section(8, m.start)...)
	}
	out = append(out, vector(9, m.elems)...)
	if m.dataCount {
		out = append(out, Section(12, len(m.datas))...)
	}
	out = append(out, vector(10, m.bodies)...)
	out = append(out, vector(11, m.datas)...)
	for _, s := range m.trailing {
		out = append(out, s...)
	}
	return out
}

// Header is the magic number and version.
func Header() []byte { return []byte("\x00asm\x01\x00\x00\x00") }

// Section is one section, its content encoded as Code does.
func Section(id byte, content ...any) []byte {
	c := Code(content...)
	return Code(id, len(c), c)
}

func vector(id byte, items [][]byte) []byte {
	if len(items) == 0 {
		return nil
	}
	content := Code(len(items))
	for _, item := range items {
		content = append(content, item...)
	}
	return Section(id, content)
}

func limits(min, max int) []byte {
	if max == NoMax {
		return Code(byte(0), min)
	}
	return Code(byte(1), min, max)
}

func signature(sig string) []byte {
	for i := range len(sig) {
		if sig[i] == ':' {
			params, results := Types(sig[:i]), Types(sig[i+1:])
			return Code(byte(0x60), len(params), params, len(results), results)
		}
	}
	panic(fmt.Sprintf("wasmtest: no colon in signature %q", sig))
}
