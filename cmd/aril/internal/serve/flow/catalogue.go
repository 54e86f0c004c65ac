package flow

import (
	"bytes"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// A Catalogue holds the workflows of one set of definitions. It never changes
// and may be used from any goroutine.
type Catalogue struct {
	workflows map[string][]*Workflow // by domain/key, newest first
	schemas   map[string][]*Schema
	byFile    map[string]*Schema
	roles     roleNames
}

// Parse makes the machines of definitions; documents of other flows than
// sys-flows and sys-schemas are passed over. With an issue that is no warning
// the catalogue is not to be used.
func Parse(docs []enrich.Document) (*Catalogue, []enrich.Issue) {
	c := &Catalogue{workflows: map[string][]*Workflow{}, schemas: map[string][]*Schema{}, byFile: map[string]*Schema{}, roles: roleNames{map[string]bool{}, map[string]bool{}}}
	var issues []enrich.Issue
	var flows []node
	for _, doc := range docs {
		switch flowOf(doc.JSON) {
		case enrich.FlowSchemas:
			root := open(doc)
			if s := c.parseSchema(root); s != nil {
				k := s.Domain + "/" + s.Key
				c.schemas[k] = append(c.schemas[k], s)
				c.byFile[doc.Name] = s
			}
			issues = append(issues, root.r.issues...)
		case enrich.FlowWorkflows:
			flows = append(flows, open(doc))
		}
	}
	for _, versions := range c.schemas {
		slices.SortFunc(versions, func(a, b *Schema) int { return enrich.CompareVersions(b.Version, a.Version) })
	}
	for _, root := range flows {
		w := c.parseWorkflow(root)
		k := w.Domain + "/" + w.Key
		c.workflows[k] = append(c.workflows[k], w)
		issues = append(issues, root.r.issues...)
	}
	for _, versions := range c.workflows {
		slices.SortFunc(versions, func(a, b *Workflow) int { return enrich.CompareVersions(b.Version, a.Version) })
	}
	return c, issues
}

// flowOf reads the member flow alone: most definitions are not for here.
func flowOf(doc []byte) string {
	var head struct {
		Flow string `json:"flow"`
	}
	_ = json.Unmarshal(doc, &head) // whoever loads definitions says what is no JSON
	return head.Flow
}

// open decodes a document. A member that is there twice is an issue: machines
// and grants have no second reading.
func open(doc enrich.Document) node {
	n := node{r: &reader{doc: doc}}
	value, err := decode(bytes.TrimPrefix(doc.JSON, []byte("\xEF\xBB\xBF")))
	if err != nil {
		n.wrong("%s", unreadableMessage(err))
		return n
	}
	n.value = value
	return n
}

func unreadableMessage(err error) string {
	e, ok := err.(*Error)
	if !ok {
		return err.Error()
	}
	for name, messages := range e.Members {
		return name + " " + messages[0]
	}
	return e.Message
}

func (c *Catalogue) parseSchema(root node) *Schema {
	s := &Schema{Domain: root.at("domain").text(), Key: root.at("key").text(), Version: root.at("version").text()}
	at := root.at("attributes").at("schema")
	if at.value == nil {
		if root.value != nil {
			at.wrong("is missing: a JSON Schema")
		}
		return nil
	}
	add := func(problems []schemaProblem) (wrong bool) {
		for _, p := range problems {
			where := node{at.r, append(slices.Clip(at.path), p.path...), nil}
			if p.warning {
				where.warn("%s", p.message)
			} else {
				where.wrong("%s", p.message)
				wrong = true
			}
		}
		return wrong
	}
	if n := size(at.value); n > maxSchemaNodes {
		at.wrong("has %d objects and lists; the most is %d", n, maxSchemaNodes)
		return nil
	}
	compiled, err := compileSchema(at.value)
	if err != nil {
		add(compileProblem(err))
		return nil
	}
	var problems []schemaProblem
	s.compiled = compiled
	s.root, problems = sightOf(compiled, at.value, c.roles.keep)
	if s.JSON, err = json.Marshal(at.value); err != nil {
		at.wrong("%v", err)
		return nil
	}
	add(problems)
	return s
}

// schema finds what a reference means: {"ref": "Schemas/x.json"}, or domain, key
// and version.
func (c *Catalogue) schema(at node, domain string) *Schema {
	ref, ok := at.object()
	if !ok {
		return nil
	}
	if inner := ref.at("schema"); inner.there() && !ref.at("key").there() && !ref.at("ref").there() {
		return c.schema(inner, domain) // {"schema": {reference}}, as views have it
	}
	if file := ref.at("ref").text(); file != "" {
		for _, name := range []string{path.Clean(file), path.Join(path.Dir(at.r.doc.Name), file)} {
			if s := c.byFile[name]; s != nil {
				return s
			}
		}
		at.wrong("schema %q is not loaded: there is no such valid file beside the definitions", file)
		return nil
	}
	if f := ref.at("flow").text(); f != "" && f != enrich.FlowSchemas {
		ref.at("flow").wrong("is %q; a schema is of %s", f, enrich.FlowSchemas)
		return nil
	}
	key, version := ref.at("key").text(), ref.at("version").text()
	if d := ref.at("domain").text(); d != "" {
		domain = d
	}
	if key == "" {
		at.wrong("names no schema: want key, domain and version, or ref")
		return nil
	}
	s, ok := enrich.PickVersion(c.schemas[domain+"/"+key], func(s *Schema) string { return s.Version }, version)
	if !ok {
		if version == "" {
			version = "latest"
		}
		at.wrong("schema %s/%s %s is not loaded", domain, key, version)
		return nil
	}
	return s
}

// Workflow finds a workflow. Version is a whole one, the beginning of one
// ("1", "1.2"), or "latest" or "" for the newest.
func (c *Catalogue) Workflow(domain, key, version string) (*Workflow, bool) {
	return enrich.PickVersion(c.workflows[domain+"/"+key], func(w *Workflow) string { return w.Version }, version)
}

// Versions lists the versions of a workflow, the newest first.
func (c *Catalogue) Versions(domain, key string) []*Workflow {
	return slices.Clone(c.workflows[domain+"/"+key])
}

// Begin is the workflow that a new instance gets; version is as for Workflow.
// The error is an *Error.
func (c *Catalogue) Begin(domain, key, version string) (*Workflow, error) {
	if w, ok := c.Workflow(domain, key, version); ok {
		return w, nil
	}
	if len(c.workflows[domain+"/"+key]) > 0 {
		return nil, problem("notfound", CodeNoWorkflow, "Workflow %s/%s has no version %s.", domain, key, quote(version))
	}
	return nil, problem("notfound", CodeNoWorkflow, "There is no workflow %s in the domain %s.", quote(key), quote(domain))
}

// Resume is the workflow that an instance goes on with: the version that it
// began with, and where that is gone the newest of the same major version. The
// error is an *Error.
func (c *Catalogue) Resume(domain, key, began string) (*Workflow, error) {
	versions := c.workflows[domain+"/"+key]
	if len(versions) == 0 {
		return nil, problem("notfound", CodeNoWorkflow, "There is no workflow %s in the domain %s.", quote(key), quote(domain))
	}
	version := func(w *Workflow) string { return w.Version }
	if w, ok := enrich.PickVersion(versions, version, began); ok && (w.Version == began || began == "") {
		return w, nil
	}
	if w, ok := enrich.PickVersion(versions, version, major(began)); ok {
		return w, nil
	}
	return nil, problem("conflict", CodeVersionGone, "The instance began with version %s of workflow %s/%s, and no version %s of it is loaded.", began, domain, key, major(began))
}

func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}
