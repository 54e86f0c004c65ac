package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// A ChangeKind is what happened to a definition.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Changed ChangeKind = "changed"
	Removed ChangeKind = "removed"
)

// A Change is one definition that is different between two sets.
type Change struct {
	Kind ChangeKind
	enrich.Identity
	File string // the document's name; that of the old one where it is removed

	// Members are what differs in a changed definition, in the order of their
	// names, the innermost that do: "attributes.states[review].view". At most
	// MaxMembers; More is how many are left out.
	Members []string
	More    int
}

// MaxMembers is how many members a Change names.
const MaxMembers = 20

// String is `changed sys-tasks banking/limits 1.0.0 (Tasks/limits.json): attributes.config.url`.
func (c Change) String() string {
	s := fmt.Sprintf("%s %v (%s)", c.Kind, c.Identity, c.File)
	if len(c.Members) > 0 {
		s += ": " + strings.Join(c.Members, ", ")
	}
	if c.More > 0 {
		s += fmt.Sprintf(" and %d more", c.More)
	}
	return s
}

// Diff says what is different between two sets of definitions, sorted by
// identity. What is the same but for white space, the order of members or the
// name of its file is no change. Documents that are no JSON objects are left out.
func Diff(old, new []enrich.Document) []Change {
	before, after := byIdentity(old), byIdentity(new)
	var out []Change
	for id, is := range after {
		was, ok := before[id]
		if !ok {
			out = append(out, Change{Kind: Added, Identity: id, File: is.name})
			continue
		}
		if members := different(was.value, is.value); len(members) > 0 {
			slices.Sort(members)
			most := min(len(members), MaxMembers)
			out = append(out, Change{Kind: Changed, Identity: id, File: is.name, Members: members[:most], More: len(members) - most})
		}
	}
	for id, was := range before {
		if _, ok := after[id]; !ok {
			out = append(out, Change{Kind: Removed, Identity: id, File: was.name})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Identity.String(), b.Identity.String()) })
	return out
}

type decoded struct {
	name  string
	value map[string]any
}

func byIdentity(docs []enrich.Document) map[enrich.Identity]decoded {
	out := map[enrich.Identity]decoded{}
	for _, doc := range docs {
		d := json.NewDecoder(bytes.NewReader(doc.JSON))
		d.UseNumber()
		var v map[string]any
		if d.Decode(&v) != nil {
			continue
		}
		text := func(name string) string { s, _ := v[name].(string); return s }
		out[enrich.Identity{Flow: text("flow"), Domain: text("domain"), Key: text("key"), Version: text("version")}] = decoded{doc.Name, v}
	}
	return out
}

// different lists the innermost members that two values do not share.
func different(a, b any) []string {
	var out []string
	var walk func(a, b any, at string)
	walk = func(a, b any, at string) {
		if reflect.DeepEqual(a, b) {
			return
		}
		if x, y := keyed(a), keyed(b); x != nil && y != nil {
			keys := maps.Clone(x)
			maps.Copy(keys, y)
			same := true
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				if !reflect.DeepEqual(x[k], y[k]) {
					same = false
					walk(x[k], y[k], below(a, at, k))
				}
			}
			if !same {
				return
			}
		}
		out = append(out, at)
	}
	walk(a, b, "")
	return out
}

// keyed is a value by the names of its parts: an object's members, or a list's
// items by their key, which says more than where they stand. Nil for what has
// no parts.
func keyed(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		out := map[string]any{}
		for i, item := range v {
			name := strconv.Itoa(i)
			if object, ok := item.(map[string]any); ok {
				if k, ok := object["key"].(string); ok && k != "" {
					name = k
				}
			}
			if _, twice := out[name]; twice {
				return nil
			}
			out[name] = item
		}
		return out
	}
	return nil
}

// below names a part.
func below(v any, at, name string) string {
	if _, ok := v.([]any); ok {
		return at + "[" + name + "]"
	}
	if at == "" {
		return name
	}
	return at + "." + name
}
