package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// A Manifest is what a host may know of an extension without running it. The
// author's tool writes it into the module: `aril build` asks the extension for
// it once, and what aril.json says beside the source goes before it. The hooks
// are found by themselves. What may be in each field: abi/ABI.md#manifest.
type Manifest struct {
	Name    string // default: the name of the folder
	Version string

	// Filters say which operations the extension wants to see; none means all.
	Filters []Filter

	// Capabilities are import modules that it cannot do without.
	Capabilities []string

	// ConfigSchema is the JSON Schema of the configuration, a map, or nil.
	ConfigSchema Value
}

// A Filter matches operations. An empty list matches everything; a pattern may
// end in "*".
type Filter struct {
	Kinds, Names, Keys []string
}

// A Describer says more of itself than its hooks do:
//
//	func (*audit) Manifest() guest.Manifest {
//		return guest.Manifest{
//			Name:    "audit",
//			Version: "1.2.0",
//			Filters: []guest.Filter{{Kinds: []string{"execution"}, Names: []string{"order.*"}}},
//		}
//	}
//
// Manifest is called when the extension is built, before Init: it must not
// depend on the configuration.
type Describer interface {
	Manifest() Manifest
}

// reservedMethods begin the names of methods that are the SDK's own.
const reservedMethods = "aril."

// reserved answers a method of the SDK's own.
func (in *instance) reserved(method string) (Value, error) {
	if method != reservedMethods+"manifest" {
		return Pass, nil
	}
	in.mustBeRegistered()
	var m Manifest
	if d, ok := in.extension.(Describer); ok {
		m = d.Manifest()
	}
	schema, err := m.ConfigSchema.bytes()
	if err != nil {
		return Value{}, err
	}
	b := msgpack.AppendMap(nil, 6)
	b = appendPair(b, names.KeyName, m.Name)
	b = appendPair(b, names.KeyVersion, m.Version)
	b = appendStrings(b, "hooks", in.hooks())
	b = msgpack.AppendArray(msgpack.AppendStr(b, "filters"), len(m.Filters))
	for _, f := range m.Filters {
		b = msgpack.AppendMap(b, 3)
		b = appendStrings(b, "kinds", f.Kinds)
		b = appendStrings(b, "names", f.Names)
		b = appendStrings(b, "keys", f.Keys)
	}
	b = appendStrings(b, "capabilities", m.Capabilities)
	b = append(msgpack.AppendStr(b, "config_schema"), schema...)
	return Value{raw: b}, nil
}

// hooks are those of the module's exports that lead somewhere: a Go module
// exports all of them, whatever the extension has.
func (in *instance) hooks() []string {
	var hooks []string
	names := [...]string{"init", "wrap", "event", "call", "dispose"}
	for i, has := range [...]bool{in.initer != nil, in.wraps, in.hears, in.answers(), in.disposer != nil} {
		if has {
			hooks = append(hooks, names[i])
		}
	}
	return hooks
}

// Not inlined: each copy would add to every extension.
//
//go:noinline
func appendPair(b []byte, key, value string) []byte {
	return msgpack.AppendStr(msgpack.AppendStr(b, key), value)
}

//go:noinline
func appendStrings(b []byte, key string, list []string) []byte {
	b = msgpack.AppendArray(msgpack.AppendStr(b, key), len(list))
	for _, s := range list {
		b = msgpack.AppendStr(b, s)
	}
	return b
}
