package runtime

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/aril-wasm/aril/runtime/internal/codec"
)

// maxDescribed bounds how many operations Describe knows, so that a host that
// makes up names does not grow without end.
const maxDescribed = 10_000

// A described is what Describe says of an operation.
type described struct {
	kind, name string
	maxNext    int
	meta       map[string]any
	in, out    reflect.Type
}

// Describe writes, as JSON, every operation that [Wrap] made with a pipeline
// that has one of this Runtime's guests, whether or not the guest is
// interested in it: kind, name, max_next and meta, and a JSON Schema (draft
// 2020-12) of its input and result. From that `aril new --ops` makes types for
// authors. Operations are sorted by kind and name; of two with the same, the
// later one counts. No more than 10,000 are kept.
//
//	{"operations": [{"kind": "execution", "name": "order.place", "max_next": 1,
//	  "input": {"$ref": "#/$defs/Order", …}, "result": {…}}]}
func (rt *Runtime) Describe(w io.Writer) error {
	type operation struct {
		Kind    string         `json:"kind"`
		Name    string         `json:"name"`
		MaxNext int            `json:"max_next,omitempty"`
		Meta    map[string]any `json:"meta,omitempty"`
		Input   map[string]any `json:"input"`
		Result  map[string]any `json:"result"`
	}
	rt.mu.Lock()
	all := make([]described, 0, len(rt.described))
	for _, d := range rt.described {
		all = append(all, d)
	}
	rt.mu.Unlock()
	slices.SortFunc(all, func(a, b described) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	file := struct {
		Operations []operation `json:"operations"`
	}{make([]operation, 0, len(all))}
	for _, d := range all {
		file.Operations = append(file.Operations, operation{d.kind, d.name, d.maxNext, d.meta, codec.Schema(d.in), codec.Schema(d.out)})
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// describe notes an operation for Describe in each runtime that p has guests
// of.
func (p *Pipeline) describe(op *Operation) {
	var last *Runtime
	for _, e := range p.extensions {
		g, ok := e.(*Guest)
		if !ok || g.rt == last {
			continue
		}
		last = g.rt
		key := [2]string{op.Kind, op.Name}
		last.mu.Lock()
		if _, known := last.described[key]; known || len(last.described) < maxDescribed {
			last.described[key] = described{op.Kind, op.Name, op.MaxNext, op.Meta, op.InputType, op.ResultType}
		}
		last.mu.Unlock()
	}
}
