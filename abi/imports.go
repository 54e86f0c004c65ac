package abi

import (
	"slices"
	"strings"

	"github.com/aril-wasm/aril/abi/names"
)

// A ValueType is a WebAssembly value type, as the byte that the binary format
// uses for it. The ABI needs no others.
// https://www.w3.org/TR/wasm-core-2/#binary-valtype
type ValueType byte

// The value types of the ABI's signatures.
const (
	I32 ValueType = 0x7f
	I64 ValueType = 0x7e
)

// String gives the name of the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	}
	return "?"
}

// A Param is one parameter of a function, named as in abi/ABI.md.
type Param struct {
	Name string
	Type ValueType
}

// An Import is one function that the host offers to guests.
type Import struct {
	Module, Name string
	Params       []Param
	Results      []ValueType

	// Phases says from which hooks it may be called; elsewhere it answers
	// PHASE. read and outcome depend on their first argument too: see
	// SlotPhases and OutcomePhases.
	Phases Phases

	// AfterCancel is whether it still works once the caller's context is
	// done. Any other function then answers CANCELED.
	AfterCancel bool

	// Served is false for the names of WASI that link but only answer ENOSYS.
	Served bool
}

// Signature gives the type as abi/ABI.md and abi/wasi.txt write it:
// "(slot i32, offset i32) -> i64".
func (f Import) Signature() string { return signature(f.Params, f.Results) }

func signature(params []Param, results []ValueType) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Name + " " + p.Type.String())
	}
	b.WriteByte(')')
	for _, r := range results {
		b.WriteString(" -> " + r.String())
	}
	return b.String()
}

// Imports lists every host function of ABI v1 but those of WASI, those of an
// embedder's own capabilities, and those that have their shape; see
// MessageImports. They are in the order of abi/ABI.md. The caller owns the
// slice, not the slices within.
func Imports() []Import { return slices.Clone(imports) }

// imports is held to abi.wat and abi/ABI.md by TestHostFunctionsAgree.
var imports = []Import{
	hostFunc(names.ModuleAril, "next", PhaseWrap, params("ptr", "len", "flags")),
	hostFunc(names.ModuleAril, "read", phasesInit|phasesOperation|PhaseDispose, params("slot", "offset", "buf", "limit"), afterCancel),
	hostFunc(names.ModuleAril, "outcome", phasesInit|phasesOperation, params("kind", "ptr", "len"), afterCancel),
	hostFunc(names.ModuleAril, "context_get", phasesOperation, params("level", "key", "klen", "buf", "limit")),
	hostFunc(names.ModuleAril, "context_set", phasesOperation, params("level", "key", "klen", "val", "vlen")),
	hostFunc(names.ModuleAril, "context_append", phasesOperation, params("level", "key", "klen", "val", "vlen")),
	hostFunc(names.ModuleAril, "context_swap", phasesOperation, params("level", "key", "klen", "val", "vlen", "buf", "limit")),

	hostFunc(names.ModuleLog, "write", PhasesAll, params("level", "msg", "mlen", "attrs", "alen"), afterCancel),

	hostFunc(names.ModuleClock, "now", phasesRestored, params("clock", "buf"), afterCancel),
	hostFunc(names.ModuleClock, "sleep", phasesOperation, []Param{{"ns", I64}}),

	hostFunc(names.ModuleRandom, "fill", phasesRestored, params("buf", "len")),

	hostFunc(names.ModuleState, "get", phasesState, params("key", "klen", "buf", "limit")),
	hostFunc(names.ModuleState, "put", phasesState, params("key", "klen", "val", "vlen")),
	hostFunc(names.ModuleState, "delete", phasesState, params("key", "klen")),
	hostFunc(names.ModuleState, "list", phasesState, params("prefix", "plen", "after", "alen", "buf", "limit")),
	hostFunc(names.ModuleState, "add", phasesState, []Param{{"key", I32}, {"klen", I32}, {"delta", I64}, {"buf", I32}}),
	hostFunc(names.ModuleState, "append", phasesState, params("key", "klen", "val", "vlen")),
	hostFunc(names.ModuleState, "compare_and_swap", phasesState, params("key", "klen", "old", "olen", "new", "nlen")),

	hostFunc(names.ModuleDynamic, "call", PhasesMessage, params("module", "mlen", "name", "nlen", "ptr", "len")),

	{Module: names.ModuleEnv, Name: "abort", Params: params("message", "file", "line", "column"), Phases: PhasesAll, AfterCancel: true, Served: true},
}

// MessageImports lists the functions of Aril's own capabilities that have the
// shape of an embedder's: one message in, one out, "(ptr i32, len i32) -> i64".
// They are in the order of abi/ABI.md. The caller owns the slice, not the
// slices within.
func MessageImports() []Import { return slices.Clone(messageImports) }

// messageImports is held to abi.wat and abi/ABI.md by TestHostFunctionsAgree.
var messageImports = []Import{
	messageFunc(names.ModuleScope, "lookup"),
	messageFunc(names.ModuleScope, "entries"),
	messageFunc(names.ModuleScope, "resolve"),
	messageFunc(names.ModuleScope, "update"),
	messageFunc(names.ModuleScope, "release"),
	messageFunc(names.ModuleScope, "subscribe"),
	messageFunc(names.ModuleScope, "unsubscribe"),
	messageFunc(names.ModuleScope, "get"),
	messageFunc(names.ModuleScope, "set"),

	messageFunc(names.ModuleHTTP, "fetch"),

	messageFunc(names.ModuleSecrets, "get"),
}

func messageFunc(module, name string) Import {
	return hostFunc(module, name, PhasesMessage, params("ptr", "len"))
}

const (
	phasesInit      = PhaseInit
	phasesOperation = PhaseWrap | PhaseEvent | PhaseCall
	phasesState     = phasesOperation | PhaseDispose
	phasesRestored  = PhaseResume | phasesOperation | PhaseDispose
)

func hostFunc(module, name string, in Phases, p []Param, options ...func(*Import)) Import {
	f := Import{Module: module, Name: name, Params: p, Results: []ValueType{I64}, Phases: in, Served: true}
	for _, o := range options {
		o(&f)
	}
	return f
}

func afterCancel(f *Import) { f.AfterCancel = true }

func params(names ...string) []Param {
	p := make([]Param, len(names))
	for i, n := range names {
		p[i] = Param{n, I32}
	}
	return p
}
