package enrich

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// parsed is one valid document; exactly one of the pointers is set.
type parsed struct {
	Identity
	doc       Document
	extension *Extension
	task      *Task
	workflow  *Workflow
	view      *View
	tags      []string
	code      mappingCode // of an extension
}

// parse reads and validates one document. It looks at nothing else.
func parse(doc Document, limit int) (*parsed, []Issue) {
	root, issues := decode(doc.Name, doc.JSON, limit)
	if issues != nil {
		return nil, issues
	}
	if issues := against(doc.Name, doc.JSON, root); len(issues) > 0 {
		return nil, issues
	}
	p := &parsed{doc: doc, tags: texts(root["tags"]), Identity: Identity{
		Flow: text(root, "flow"), Domain: text(root, "domain"), Key: text(root, "key"), Version: text(root, "version"),
	}}
	attributes := object(root, "attributes")
	switch p.Flow {
	case FlowExtensions:
		p.extension = parseExtension(p.Identity, doc, root, attributes)
	case FlowTasks:
		kind := TaskKind(integer(json.Number(text(attributes, "type"))))
		p.task = &Task{Identity: p.Identity, Kind: kind, config: object(attributes, "config"), boundary: parseBoundary(object(attributes, "errorBoundary")), file: doc.Name}
		issues = append(issues, checkTask(p.task, doc)...)
	case FlowWorkflows:
		p.workflow = parseWorkflow(p.Identity, doc, root, attributes)
	case FlowViews:
		p.view = &View{LoadData: attributes["loadData"] == true, Extensions: texts(attributes["extensions"])}
	}
	return p, issues
}

func parseExtension(id Identity, doc Document, root, attributes map[string]any) *Extension {
	entry := object(attributes, "task")
	e := &Extension{
		Identity: id, FlowVersion: text(root, "flowVersion"), Tags: texts(root["tags"]),
		Type: Type(integer(attributes["type"])), Scope: Scope(integer(attributes["scope"])), Order: integer(entry["order"]),
		Task:        reference(object(entry, "task")),
		ResponseKey: text(attributes, "responseKey"), OnFailure: text(attributes, "onFailure"),
		Timeout: seconds(attributes["timeoutSeconds"]), Lazy: attributes["lazy"] == true,
		boundary: parseBoundary(object(entry, "errorBoundary")), file: doc.Name,
	}
	if m, ok := entry["mapping"].(map[string]any); ok {
		e.Mapping = MappingSource{
			Present: true, Global: m["type"] == "G", Location: text(m, "location"), Code: text(m, "code"), Encoding: text(m, "encoding"),
		}
	}
	if _, ok := attributes["fallback"]; ok {
		start, end := span(doc.JSON, []string{"attributes", "fallback"})
		e.Fallback = doc.JSON[start:end:end]
	}
	if c, ok := attributes["cache"].(map[string]any); ok {
		e.Cache = &CachePolicy{TTL: seconds(c["ttlSeconds"]), Vary: []string{"instance", "caller"}}
		if vary, ok := c["vary"]; ok {
			e.Cache.Vary = texts(vary)
		}
	}
	if list, ok := attributes["labels"].([]any); ok {
		e.Labels = map[string]string{}
		for _, l := range list {
			if l, ok := l.(map[string]any); ok {
				e.Labels[text(l, "language")] = text(l, "label")
			}
		}
	}
	return e
}

func parseWorkflow(id Identity, doc Document, root, attributes map[string]any) *Workflow {
	w := &Workflow{Identity: id, Tags: texts(root["tags"]), file: doc.Name}
	for _, r := range array(attributes["extensions"]) {
		if r, ok := r.(map[string]any); ok {
			w.Extensions = append(w.Extensions, reference(r))
		}
	}
	for _, s := range array(attributes["states"]) {
		state, _ := s.(map[string]any)
		if view, ok := state["view"].(map[string]any); ok {
			w.Views = append(w.Views, View{State: text(state, "key"), LoadData: view["loadData"] == true, Extensions: texts(view["extensions"])})
		}
	}
	return w
}

func reference(m map[string]any) Reference {
	return Reference{Domain: text(m, "domain"), Key: text(m, "key"), Version: text(m, "version"), File: text(m, "ref")}
}

// What follows reads members of decoded JSON; what is missing or of another
// type is a zero.

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func object(m map[string]any, name string) map[string]any {
	o, _ := m[name].(map[string]any)
	return o
}

func array(v any) []any {
	a, _ := v.([]any)
	return a
}

func texts(v any) []string {
	out := []string{}
	for _, item := range array(v) {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// integer reads a number of JSON; 1.0 is an integer there.
func integer(v any) int {
	n, _ := v.(json.Number)
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<31 {
		return 0
	}
	return int(f)
}

func number(v any, def float64) float64 {
	n, ok := v.(json.Number)
	f, err := n.Float64()
	if !ok || err != nil {
		return def
	}
	return f
}

func seconds(v any) time.Duration { return time.Duration(number(v, 0) * float64(time.Second)) }

// errorLine finds the line on which JSON ends to be JSON.
func errorLine(data []byte, err error) int {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return line(data, int(syntax.Offset))
	}
	if strings.Contains(err.Error(), "EOF") {
		return line(data, len(data))
	}
	return 1
}
