package build

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/cmd/aril/internal/wasmfile"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// GrantAll makes capabilities for everything that a module imports, or that its
// manifest cannot do without, and that a host does not grant by itself, and
// lists their modules: those that it names as optional are not in the list. Embedders' functions are stand-ins that
// answer with an error.
func GrantAll(module []byte) (g aril.Grants, needs []string, err error) {
	imports, err := wasmfile.Imports(module)
	if err != nil {
		return g, nil, err
	}
	sections, err := wasmfile.Sections(module)
	if err != nil {
		return g, nil, err
	}
	var optional, all []string
	for _, s := range sections {
		switch s.Name {
		case names.SectionOptional:
			optional = strings.Split(string(s.Content), "\n")
		case names.SectionAril:
			m, err := abi.DecodeManifest(s.Content)
			if err != nil {
				return g, nil, err
			}
			all = slices.DeleteFunc(slices.Clone(m.Capabilities), func(m string) bool { return !offered(m) })
			needs = slices.Clone(all)
		}
	}
	functions := map[string][]aril.Function{}
	for _, im := range imports {
		if !offered(im.Module) {
			continue
		}
		if !slices.Contains(all, im.Module) {
			all = append(all, im.Module)
		}
		if !slices.Contains(optional, im.Module) && !slices.Contains(needs, im.Module) {
			needs = append(needs, im.Module)
		}
		if im.Message {
			functions[im.Module] = append(functions[im.Module], standIn(im.Name))
		}
	}
	for _, m := range all {
		c, err := Capability(m, functions[m], nil)
		if err != nil {
			return g, nil, err
		}
		g.Capabilities = append(g.Capabilities, c)
	}
	return g, needs, nil
}

// offered reports whether some host may offer a module of that name: the
// prefix of Aril's own is reserved.
func offered(module string) bool {
	switch module {
	case names.ModuleState, names.ModuleScope, names.ModuleHTTP:
		return true
	case names.ModuleWASI, names.ModuleEnv:
		return false
	}
	return !strings.HasPrefix(module, names.ReservedModulePrefix)
}

// Capability gives the capability of a module: one of Aril's own that is not
// granted by default, or an embedder's with these functions. Hosts are what
// aril_http_v1 may ask.
func Capability(module string, functions []aril.Function, hosts []aril.HTTPHost) (aril.Capability, error) {
	switch module {
	case names.ModuleState:
		return aril.State, nil
	case names.ModuleScope:
		return scope.Capability, nil
	case names.ModuleHTTP:
		if len(hosts) == 0 {
			hosts = []aril.HTTPHost{{Pattern: "nothing.invalid"}}
		}
		return aril.HTTP(aril.HTTPConfig{Hosts: hosts})
	}
	return aril.Capability{Module: module, Functions: functions}, nil
}

func standIn(name string) aril.Function {
	return aril.Func(name, func(context.Context, *aril.Call, any) (any, error) {
		return nil, errors.New("there is no host program")
	})
}

// admission asks what a host with the default limits would say that grants
// everything that is asked for.
func admission(packed []byte) (*aril.AdmissionReport, []string, error) {
	grants, needs, err := GrantAll(packed)
	if err != nil {
		return nil, nil, err
	}
	report, err := aril.Inspect(packed, aril.ExtensionConfig{Grants: grants})
	return report, needs, err
}
