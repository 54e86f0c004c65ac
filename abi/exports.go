package abi

import (
	"slices"

	"github.com/aril-wasm/aril/abi/names"
)

// An Export is one name that an extension exports to the host.
type Export struct {
	Name     string
	Memory   bool // a linear memory; else a function of the type below
	Params   []Param
	Results  []ValueType
	Required bool

	// Hook is the name that manifests and errors use ("wrap"), or "" for an
	// export that is no hook.
	Hook string
}

// Signature gives the type as abi/ABI.md writes it: "(len i32) -> i32", or
// "memory".
func (e Export) Signature() string {
	if e.Memory {
		return "memory"
	}
	return signature(e.Params, e.Results)
}

// Exports lists every export of ABI v1, in the order in which the host uses
// them. The caller owns the slice, not the slices within.
func Exports() []Export { return slices.Clone(exports) }

// exports is held to abi.wat and abi/ABI.md by TestExportsAgree.
var exports = []Export{
	{Name: names.ExportMemory, Memory: true, Required: true},
	{Name: names.ExportABI, Results: []ValueType{I64}, Required: true},
	{Name: names.ExportInitialize},
	{Name: names.ExportInit, Params: params("len"), Results: []ValueType{I32}, Hook: "init"},
	{Name: names.ExportResume, Params: []Param{{"seed", I64}}, Hook: "resume"},
	{Name: names.ExportWrap, Params: params("len"), Results: []ValueType{I32}, Hook: "wrap"},
	{Name: names.ExportEvent, Params: params("len"), Results: []ValueType{I32}, Hook: "event"},
	{Name: names.ExportCall, Params: params("len"), Results: []ValueType{I32}, Hook: "call"},
	{Name: names.ExportDispose, Results: []ValueType{I32}, Hook: "dispose"},
}
