package flow

import (
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A place is one compiled schema, seen by who may see what it describes.
//
// Which schemas describe a value can depend on the value: a branch of anyOf, an
// if. Grants do not follow that. All of the schemas that could describe a value
// count, and each of them has to let the caller see it, so that nobody finds a
// value that takes a branch without the grant.
type place struct {
	schema *jsonschema.Schema
	grants grants
	inside []*place // those that describe the same value, itself first
	below  bool     // it, or something below, has grants

	members    map[string]*place
	patterns   []patternPlace
	additional *place // of members that neither of these names
	known      []*place
	others     *place   // of members that nothing in known names
	first      []*place // items by index
	rest       *place   // items after first
	every      []*place // of all items: contains, unevaluatedItems
}

type patternPlace struct {
	name  jsonschema.Regexp
	place *place
}

// A places builder turns compiled schemas into places; each once, for schemas
// may refer to themselves.
type places struct {
	all     map[*jsonschema.Schema]*place
	order   []*place
	dynamic []*place // with references that the value decides
}

func newPlaces(root *jsonschema.Schema) *places {
	b := &places{all: map[*jsonschema.Schema]*place{}}
	b.of(root)
	for i := 0; i < len(b.order); i++ { // of appends
		b.describe(b.order[i])
	}
	for _, p := range b.order {
		p.inside = closure(p)
	}
	b.mark()
	return b
}

func (b *places) of(s *jsonschema.Schema) *place {
	if s == nil {
		return nil
	}
	p := b.all[s]
	if p == nil {
		p = &place{schema: s, grants: grantsOf(s)}
		b.all[s] = p
		b.order = append(b.order, p)
	}
	return p
}

func (b *places) list(schemas []*jsonschema.Schema) []*place {
	out := make([]*place, len(schemas))
	for i, s := range schemas {
		out[i] = b.of(s)
	}
	return out
}

// describe fills in what a schema says of members and items.
func (b *places) describe(p *place) {
	s := p.schema
	if s.DynamicRef != nil || s.RecursiveRef != nil {
		b.dynamic = append(b.dynamic, p)
	}
	p.inside = append(p.inside, p)
	for _, s := range sameValue(s) {
		p.inside = append(p.inside, b.of(s))
	}
	p.members = make(map[string]*place, len(s.Properties))
	for name, s := range s.Properties {
		p.members[name] = b.of(s)
	}
	for name, s := range s.PatternProperties {
		p.patterns = append(p.patterns, patternPlace{name, b.of(s)})
	}
	if s, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		p.additional = b.of(s)
	}
	if s.UnevaluatedProperties != nil {
		p.others = b.of(s.UnevaluatedProperties)
		p.known = b.certain(s)
	}
	p.first = b.list(s.PrefixItems)
	p.rest = b.of(s.Items2020)
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		p.rest = b.of(items)
	case []*jsonschema.Schema:
		p.first = b.list(items)
		if s, ok := s.AdditionalItems.(*jsonschema.Schema); ok {
			p.rest = b.of(s)
		}
	}
	for _, s := range []*jsonschema.Schema{s.Contains, s.UnevaluatedItems} {
		if s != nil {
			p.every = append(p.every, b.of(s))
		}
	}
}

// sameValue lists the schemas that a schema holds the same value against.
func sameValue(s *jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, one := range []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else} {
		if one != nil {
			out = append(out, one)
		}
	}
	if s.DynamicRef != nil && s.DynamicRef.Ref != nil {
		out = append(out, s.DynamicRef.Ref)
	}
	out = slices.Concat(out, s.AllOf, s.AnyOf, s.OneOf)
	for _, one := range s.DependentSchemas {
		out = append(out, one)
	}
	for _, one := range s.Dependencies {
		if one, ok := one.(*jsonschema.Schema); ok {
			out = append(out, one)
		}
	}
	return out
}

// certain lists the schemas that always describe the same value as s: what they
// name is no other member.
func (b *places) certain(s *jsonschema.Schema) []*place {
	seen := map[*jsonschema.Schema]bool{}
	var out []*place
	var walk func(s *jsonschema.Schema)
	walk = func(s *jsonschema.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		out = append(out, b.of(s))
		walk(s.Ref)
		for _, s := range s.AllOf {
			walk(s)
		}
	}
	walk(s)
	return out
}

// closure follows inside to its end. A place whose inside was replaced by its
// closure already leads to the same end.
func closure(p *place) []*place {
	out := []*place{p}
	seen := map[*place]bool{p: true}
	for i := 0; i < len(out); i++ {
		for _, q := range out[i].inside {
			if !seen[q] {
				seen[q] = true
				out = append(out, q)
			}
		}
	}
	return out
}

// mark finds the places with grants at or below them.
func (b *places) mark() {
	above := map[*place][]*place{}
	var queue []*place
	for _, p := range b.order {
		for _, q := range p.next() {
			above[q] = append(above[q], p)
		}
		if len(p.grants) > 0 {
			p.below = true
			queue = append(queue, p)
		}
	}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		for _, q := range above[p] {
			if !q.below {
				q.below = true
				queue = append(queue, q)
			}
		}
	}
}

// next lists the places that can be reached from p in one step.
func (p *place) next() []*place {
	out := slices.Concat(p.inside, p.first, p.every)
	for _, q := range p.members {
		out = append(out, q)
	}
	for _, q := range p.patterns {
		out = append(out, q.place)
	}
	for _, q := range []*place{p.additional, p.others, p.rest} {
		if q != nil {
			out = append(out, q)
		}
	}
	return out
}

// A sight is the places that describe one value, less those without grants at
// or below. An empty one hides nothing.
type sight []*place

func (s sight) with(p *place) sight {
	if p == nil || !p.below {
		return s
	}
	for _, q := range p.inside {
		if q.below && !slices.Contains(s, q) {
			s = append(s, q)
		}
	}
	return s
}

// let says whether the value itself may be seen.
func (s sight) let(roles []string) bool {
	for _, p := range s {
		if !p.grants.let(roles) {
			return false
		}
	}
	return true
}

// member is the sight of a member of the value.
func (s sight) member(name string) sight {
	var out sight
	for _, p := range s {
		named := false
		if q, ok := p.members[name]; ok {
			named = true
			out = out.with(q)
		}
		for _, q := range p.patterns {
			if q.name.MatchString(name) {
				named = true
				out = out.with(q.place)
			}
		}
		if !named {
			out = out.with(p.additional)
		}
		if p.others != nil && !slices.ContainsFunc(p.known, func(q *place) bool { return q.names(name) }) {
			out = out.with(p.others)
		}
	}
	return out
}

func (p *place) names(name string) bool {
	if p.schema.AdditionalProperties != nil {
		return true
	}
	if _, ok := p.members[name]; ok {
		return true
	}
	return slices.ContainsFunc(p.patterns, func(q patternPlace) bool { return q.name.MatchString(name) })
}

// item is the sight of an item of the value.
func (s sight) item(i int) sight {
	var out sight
	for _, p := range s {
		if i < len(p.first) {
			out = out.with(p.first[i])
		} else {
			out = out.with(p.rest)
		}
		for _, q := range p.every {
			out = out.with(q)
		}
	}
	return out
}

// whole says whether a caller may see the value and whatever can be in it.
func (s sight) whole(roles []string) bool {
	queue := slices.Clone(s)
	seen := map[*place]bool{}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if seen[p] {
			continue
		}
		seen[p] = true
		if !p.grants.let(roles) {
			return false
		}
		for _, q := range p.next() {
			if q.below {
				queue = append(queue, q)
			}
		}
	}
	return true
}

// along is the sight of what a path leads to; ok is false where something on
// the way may not be seen.
func (s sight) along(path []string, roles []string) (at sight, ok bool) {
	for _, p := range path {
		if !s.let(roles) {
			return nil, false
		}
		next := s.member(p)
		if i, err := strconv.Atoi(p); err == nil && i >= 0 {
			for _, q := range s.item(i) {
				next = next.with(q)
			}
		}
		s = next
	}
	return s, s.let(roles)
}
