package enrich

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Schema is the JSON Schema, draft 2020-12, that definitions are held against.
//
//go:embed schema/definitions.json
var Schema string

var compiled = sync.OnceValue(func() *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		panic("enrich: the schema that is shipped: " + err.Error())
	}
	const url = "https://aril.invalid/enrich/definitions.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(url, doc); err != nil {
		panic("enrich: the schema that is shipped: " + err.Error())
	}
	return c.MustCompile(url)
})

// against holds a decoded document against the schema.
func against(name string, data []byte, doc any) []Issue {
	err := compiled().Validate(doc)
	if err == nil {
		return nil
	}
	root, _ := doc.(map[string]any)
	flow, _ := root["flow"].(string)
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return []Issue{{File: name, Line: 1, Message: err.Error()}}
	}
	var issues []Issue
	seen := map[string]bool{}
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) > 0 {
			return
		}
		add := func(path []string, text string) {
			issue := Issue{File: name, Line: lineOf(data, path...), Member: member(flow, path), Message: text}
			if key := issue.Member + "\x00" + text; !seen[key] {
				seen[key] = true
				issues = append(issues, issue)
			}
		}
		switch k := e.ErrorKind.(type) {
		case *kind.Required:
			for _, missing := range k.Missing {
				add(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], missing), "is missing")
			}
		case *kind.AdditionalProperties:
			for _, extra := range k.Properties {
				add(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], extra), "is not a member that is known here")
			}
		default:
			add(e.InstanceLocation, e.ErrorKind.LocalizedString(english))
		}
	}
	walk(invalid)
	return issues
}

var english = message.NewPrinter(language.English)

// member is how the systems described name a part of a definition:
// "Extension.Task.Mapping".
func member(flow string, path []string) string {
	var b strings.Builder
	b.WriteString(map[string]string{FlowExtensions: "Extension", FlowTasks: "Task", FlowWorkflows: "Workflow", FlowViews: "View", FlowSchemas: "Schema"}[flow])
	if b.Len() == 0 {
		b.WriteString("Definition")
	}
	for i, p := range path {
		switch {
		case i == 0 && p == "attributes" && len(path) > 1:
		case p != "" && unicode.IsDigit(rune(p[0])):
			b.WriteString("[" + p + "]")
		case p != "":
			b.WriteString("." + strings.ToUpper(p[:1]) + p[1:])
		}
	}
	return b.String()
}

// decode reads one JSON document, bounded.
func decode(name string, data []byte, limit int) (map[string]any, []Issue) {
	if len(data) > limit {
		return nil, []Issue{{File: name, Line: 1, Message: fmt.Sprintf("the document has %d bytes; the most is %d", len(data), limit)}}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, []Issue{{File: name, Line: errorLine(data, err), Message: "not JSON: " + err.Error()}}
	}
	root, ok := doc.(map[string]any)
	if !ok {
		return nil, []Issue{{File: name, Line: 1, Message: "a definition is a JSON object"}}
	}
	if at, found := hugeNumber(doc, nil); found {
		return nil, []Issue{{File: name, Line: lineOf(data, at...), Member: member(text(root, "flow"), at), Message: fmt.Sprintf("a number has %d digits at most, and an exponent up to %d", maxDigits, maxExponent)}}
	}
	return root, nil
}

// What numbers of a definition may be. Validators compare them exactly: those
// beyond cost much more than they took to write, or end the validator.
const (
	maxDigits   = 512
	maxExponent = 512
)

// hugeNumber finds a number out of these bounds.
func hugeNumber(v any, path []string) (at []string, found bool) {
	switch v := v.(type) {
	case json.Number:
		_, exponent, _ := strings.Cut(strings.ToLower(string(v)), "e")
		n, err := strconv.Atoi(orElse(exponent, "0"))
		return path, len(v) > maxDigits || err != nil || n < -maxExponent || n > maxExponent
	case map[string]any:
		for name, value := range v {
			if at, found := hugeNumber(value, append(path[:len(path):len(path)], name)); found {
				return at, true
			}
		}
	case []any:
		for i, value := range v {
			if at, found := hugeNumber(value, append(path[:len(path):len(path)], itoa(i))); found {
				return at, true
			}
		}
	}
	return nil, false
}
