package wasm

import (
	"fmt"
	"strings"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// reservedPrefix begins the names that the rewriter adds.
const reservedPrefix = "aril."

func (a *admission) imports() {
	for i := range a.m.Imports {
		im := &a.m.Imports[i]
		name := shown(im.Module) + "." + shown(im.Name)
		switch {
		case strings.HasPrefix(im.Module, reservedPrefix):
			a.refuse(ReasonReserved, "imports %s; module names that begin with %q belong to the host", name, reservedPrefix)
		case im.Kind != ExternFunc:
			a.refuse(ReasonImport, "imports the %s %s; only functions can be imported: rebuild it with a %[1]s of its own", im.Kind, name)
		default:
			a.importedFunction(im, name)
		}
	}
}

func (a *admission) importedFunction(im *Import, name string) {
	functions, ok := a.policy.Imports[im.Module]
	if !ok {
		a.refuse(ReasonImport, "imports %s, which is not granted; grant it in ExtensionConfig.Grants or rebuild without it", name)
		return
	}
	want, ok := functions[im.Name]
	if !ok {
		a.refuse(ReasonImport, "imports %s, but %s has no such function; rebuild it for this version of %[2]s", name, shown(im.Module))
		return
	}
	if got := a.m.Types[im.Type]; !want.Equal(got) {
		a.refuse(ReasonImport, "imports %s as %s, but it is %s; rebuild it for this version of %s", name, got, want, shown(im.Module))
	}
}

// granted tells whether the policy has this import with this type.
func (a *admission) granted(im *Import) bool {
	want, ok := a.policy.Imports[im.Module][im.Name]
	return ok && im.Kind == ExternFunc && want.Equal(a.m.Types[im.Type])
}

func (a *admission) exports() {
	byName := make(map[string]*Export, len(a.m.Exports))
	for i := range a.m.Exports {
		e := &a.m.Exports[i]
		byName[e.Name] = e
		if strings.HasPrefix(e.Name, reservedPrefix) {
			a.refuse(ReasonReserved, "exports %s; names that begin with %q belong to the host", shown(e.Name), reservedPrefix)
		}
	}
	for _, want := range abi.Exports() {
		if e, ok := byName[want.Name]; ok {
			a.export(e, want)
		} else if want.Required {
			a.missing(want, byName)
		}
	}
}

// missing refuses the absence of an export, and says what the module seems to
// be instead.
func (a *admission) missing(want abi.Export, byName map[string]*Export) {
	hint := "build it with a guest SDK, or export it"
	if want.Name == names.ExportABI {
		if _, ok := byName["_start"]; ok {
			hint = "it exports _start, so it was built as a program: build it as a reactor (Go: -buildmode=c-shared, C: -mexec-model=reactor) with a guest SDK"
		}
		for _, e := range a.m.Exports {
			if strings.HasPrefix(e.Name, "aril_abi_v") {
				hint = fmt.Sprintf("it exports %s: it was built for another version of the ABI", shown(e.Name))
				break
			}
		}
	}
	a.refuse(ReasonExport, "does not export %s, %s; %s", want.Name, signature(want), hint)
}

func (a *admission) export(e *Export, want abi.Export) {
	switch {
	case want.Memory:
		if e.Kind != ExternMemory {
			a.refuse(ReasonExport, "exports %s as a %s, but it must be a memory", want.Name, e.Kind)
		}
	case e.Kind != ExternFunc:
		a.refuse(ReasonExport, "exports %s as a %s, but it must be a function of type %s", want.Name, e.Kind, signature(want))
	case !exportType(want).Equal(a.functionType(e.Index)):
		a.refuse(ReasonExport, "exports %s as %s, but it must be %s", want.Name, a.functionType(e.Index), signature(want))
	case int(e.Index) < len(a.imported):
		a.refuse(ReasonExport, "exports %s, but as a function that it imports; it must be one of its own", want.Name)
	}
}

func signature(e abi.Export) string {
	if e.Memory {
		return "a memory"
	}
	return exportType(e).String()
}

func exportType(e abi.Export) FuncType {
	var t FuncType
	for _, p := range e.Params {
		t.Params = append(t.Params, ValueType(p.Type))
	}
	for _, r := range e.Results {
		t.Results = append(t.Results, ValueType(r))
	}
	return t
}

// functionType is the type of a function index; imports come first.
func (a *admission) functionType(index uint32) FuncType {
	if int(index) < len(a.imported) {
		return a.m.Types[a.imported[index]]
	}
	return a.m.Types[a.m.Funcs[int(index)-len(a.imported)]]
}
