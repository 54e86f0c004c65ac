package flow

import (
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// A Schema is a JSON Schema of a sys-schemas definition, draft 2020-12 where
// it does not say. References stay within it. "format" is checked; patterns
// are in Go's syntax, whose time is linear.
type Schema struct {
	Domain, Key, Version string
	JSON                 []byte // as in the definition

	compiled *jsonschema.Schema
	root     *place // for role grants; nil where there are none
}

// The most that an answer says of invalid data.
const (
	maxMessages      = 50
	maxMessageLength = 200
)

// The most of a schema.
const (
	maxSchemaNodes = 5_000

	// maxInPlace is how many schemas may have to be tried for one value,
	// those behind $ref, allOf, anyOf and their like counted each time.
	maxInPlace = 10_000
)

// schemaURL is where a schema stands for its own references.
const schemaURL = "https://aril.invalid/schema.json"

type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a reference has to stay within the schema")
}

// compileSchema compiles a decoded schema.
func compileSchema(doc any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	c.AssertFormat()
	c.RegisterVocabulary(&jsonschema.Vocabulary{URL: "https://aril.invalid/vocabularies/grants", Compile: compileGrants})
	c.AssertVocabs()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaURL)
}

// check holds a value against the schema; nil where it is as it should be. Of
// what see keeps from the caller it says neither name nor value.
func (s *Schema) check(value any, see func(path []string) bool) *Error {
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	out := &Error{Prefix: "validation", Code: CodeInvalidData, Members: map[string][]string{}}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		out.Members["general"] = []string{clip(err.Error(), maxMessageLength)}
		return out
	}
	said := 0
	seen := map[string]bool{}
	eachFailure(invalid, func(path []string, message string) bool {
		name := dotted(path)
		if !see(path) {
			name, message = "general", "a member that the caller may not see is not valid"
		}
		key := name + "\x00" + message
		if !seen[key] {
			seen[key] = true
			said++
			out.Members[name] = append(out.Members[name], clip(message, maxMessageLength))
		}
		return said < maxMessages
	})
	return out
}

// eachFailure calls fn with what is wrong, and where, until it returns false.
func eachFailure(e *jsonschema.ValidationError, fn func(path []string, message string) bool) bool {
	for _, cause := range e.Causes {
		if !eachFailure(cause, fn) {
			return false
		}
	}
	if len(e.Causes) > 0 {
		return true
	}
	at := e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)]
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return eachName(at, k.Missing, "is missing", fn)
	case *kind.AdditionalProperties:
		return eachName(at, k.Properties, "is not a member that is known here", fn)
	case *kind.FalseSchema:
		return fn(at, "is not allowed here")
	case *kind.Minimum:
		return fn(at, "has to be at least "+spell(k.Want))
	case *kind.Maximum:
		return fn(at, "has to be at most "+spell(k.Want))
	case *kind.ExclusiveMinimum:
		return fn(at, "has to be more than "+spell(k.Want))
	case *kind.ExclusiveMaximum:
		return fn(at, "has to be less than "+spell(k.Want))
	case *kind.MultipleOf:
		return fn(at, "has to be a multiple of "+spell(k.Want))
	}
	return fn(at, e.ErrorKind.LocalizedString(english))
}

func eachName(at, names []string, message string, fn func(path []string, message string) bool) bool {
	for _, name := range names {
		if !fn(append(at, name), message) {
			return false
		}
	}
	return true
}

// spell writes a number of a schema without losing digits.
func spell(n *big.Rat) string {
	if digits, exact := n.FloatPrec(); exact {
		return n.FloatString(digits)
	}
	return n.RatString()
}

var english = message.NewPrinter(language.English)

// pointer splits the place of a compiled schema, a URL with a JSON pointer,
// into the path within the definition's schema.
func pointer(location string) []string {
	_, fragment, _ := strings.Cut(location, "#")
	if fragment == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(fragment, "/"), "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			p = plain
		}
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
	}
	return parts
}

// schemaProblem is what is wrong with a schema, and where.
type schemaProblem struct {
	path    []string
	message string
	warning bool
}

// compileProblem says where a schema could not be compiled.
func compileProblem(err error) []schemaProblem {
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		var cause *jsonschema.ValidationError
		if errors.As(invalid.Err, &cause) {
			var out []schemaProblem
			eachFailure(cause, func(path []string, message string) bool {
				out = append(out, schemaProblem{path: slices.Clone(path), message: "not a JSON Schema: " + message})
				return len(out) < maxMessages
			})
			return out
		}
	}
	var load *jsonschema.LoadURLError
	if errors.As(err, &load) {
		return []schemaProblem{{message: fmt.Sprintf("refers to %s: %v", load.URL, load.Err)}}
	}
	return []schemaProblem{{message: "not a JSON Schema: " + clip(strings.ReplaceAll(err.Error(), schemaURL, "the schema"), 500)}}
}
