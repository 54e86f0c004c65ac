package flow

import (
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// granted is the keyword roles of a schema. It says nothing about whether a
// value is valid.
type granted struct {
	grants grants
	err    error
}

func (granted) Validate(*jsonschema.ValidatorContext, any) {}

func compileGrants(_ *jsonschema.CompilerContext, schema map[string]any) (jsonschema.SchemaExt, error) {
	roles, ok := schema["roles"]
	if !ok {
		return nil, nil
	}
	g, err := parseGrants(roles)
	return granted{g, err}, nil
}

func grantsOf(s *jsonschema.Schema) grants {
	for _, x := range s.Extensions {
		if g, ok := x.(granted); ok {
			return g.grants
		}
	}
	return nil
}

// sightOf makes the root place of a compiled schema, nil where nobody is kept
// from anything, and says what is wrong with its grants and its size. It calls
// keep with each list of grants.
func sightOf(s *jsonschema.Schema, doc any, keep func(grants)) (*place, []schemaProblem) {
	b := newPlaces(s)
	var problems []schemaProblem
	reached := map[string]bool{}
	any := false
	for _, p := range b.order {
		for _, x := range p.schema.Extensions {
			g, ok := x.(granted)
			if !ok {
				continue
			}
			at := append(pointer(p.schema.Location), "roles")
			reached[key(at)] = true
			any = true
			keep(g.grants)
			if g.err != nil {
				problems = append(problems, schemaProblem{path: at, message: g.err.Error()})
			}
			for _, role := range g.grants.unknown() {
				problems = append(problems, schemaProblem{path: at, warning: true, message: "role " + role + " depends on the instance: nobody has it here"})
			}
		}
	}
	if any {
		for _, p := range b.dynamic {
			problems = append(problems, schemaProblem{path: pointer(p.schema.Location), message: "$dynamicRef and $recursiveRef cannot stand beside role grants: what they lead to is not certain; use $ref"})
		}
	}
	problems = append(problems, unreached(doc, reached)...)
	problems = append(problems, b.tooMany()...)
	root := b.all[s]
	if !root.below {
		root = nil
	}
	return root, problems
}

// tooMany finds schemas that lead to themselves for one value, or to so many
// others that a value would cost too much.
func (b *places) tooMany() []schemaProblem {
	var problems []schemaProblem
	const open = -1
	count := map[*jsonschema.Schema]int{}
	var walk func(s *jsonschema.Schema) int
	walk = func(s *jsonschema.Schema) int {
		switch n := count[s]; {
		case n == open:
			problems = append(problems, schemaProblem{path: pointer(s.Location), message: "refers to itself for the same value"})
			return 1
		case n > 0:
			return n
		}
		count[s] = open
		n := 1
		for _, q := range sameValue(s) {
			n = min(n+walk(q), maxInPlace+1)
		}
		count[s] = n
		return n
	}
	for _, p := range b.order {
		if walk(p.schema) > maxInPlace && len(problems) == 0 {
			problems = append(problems, schemaProblem{path: pointer(p.schema.Location), message: "more than " + strconv.Itoa(maxInPlace) + " schemas have to be tried for one value: allOf, anyOf, oneOf and $ref multiply one another"})
		}
	}
	return problems
}

// unreached finds what looks like grants and stands where none counts: under a
// misspelt keyword, beside a $ref of an old draft, in a definition that nothing
// refers to.
func unreached(doc any, reached map[string]bool) []schemaProblem {
	var out []schemaProblem
	var walk func(v any, path []string)
	walk = func(v any, path []string) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				at := append(path[:len(path):len(path)], name)
				if name == "roles" && looksGranted(value) && !reached[key(at)] {
					out = append(out, schemaProblem{path: at, message: "these role grants would not count: no schema that describes the data has them", warning: slices.Contains(path, "$defs") || slices.Contains(path, "definitions")})
					continue
				}
				if data := name == "enum" || name == "const" || name == "default" || name == "examples"; !data || isNameOfMember(path) {
					walk(value, at)
				}
			}
		case []any:
			for i, value := range v {
				walk(value, append(path[:len(path):len(path)], strconv.Itoa(i)))
			}
		}
	}
	walk(doc, nil)
	slices.SortFunc(out, func(a, b schemaProblem) int { return slices.Compare(a.path, b.path) })
	return out
}

// isNameOfMember says whether what stands below a path are names of members and
// not keywords.
func isNameOfMember(path []string) bool {
	if len(path) == 0 {
		return false
	}
	switch path[len(path)-1] {
	case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies":
		return true
	}
	return false
}

func looksGranted(v any) bool {
	list, _ := v.([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		entry, _ := item.(map[string]any)
		_, ok := entry["grant"]
		return ok
	})
}

// key makes a path comparable.
func key(path []string) string {
	var b []byte
	for _, p := range path {
		b = strconv.AppendQuote(b, p)
	}
	return string(b)
}

// size counts the objects and lists of a decoded value.
func size(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		n = 1
		for _, value := range v {
			n += size(value)
		}
	case []any:
		n = 1
		for _, value := range v {
			n += size(value)
		}
	}
	return n
}
