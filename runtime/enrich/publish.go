package enrich

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A Document is one definition as somebody wrote it.
type Document struct {
	// Name is what errors call it: a slash-separated path within Files, where
	// there are any.
	Name string
	JSON []byte

	// Files are what mappings and references by file are looked for in,
	// relative to Name's directory. Nil for none. They are read at publish and
	// never again.
	Files fs.FS
}

// Issue is an issue of this document, at the value that path leads to:
// "attributes", "states", "0". For a path that is not there it is the innermost
// value on the way.
func (d Document) Issue(message string, path ...string) Issue {
	root, _ := decodeJSON(d.JSON)
	o, _ := root.(map[string]any)
	return Issue{File: d.Name, Line: lineOf(d.JSON, path...), Member: member(text(o, "flow"), path), Message: message}
}

// published is the owner of what Publish loaded; directories own what was
// loaded from them.
const published = ""

// An owned is a document with who brought it.
type owned struct {
	*parsed
	owner string
}

// Publish adds definitions, and replaces those that have the same flow,
// domain, key and version: all of them, or none when it returns an error, a
// *PublishError that lists everything that is wrong. Readers see the old
// catalogue or the new one. The issues that it returns without an error are
// warnings.
//
// A definition that a directory brought cannot be replaced.
func (e *Enricher) Publish(ctx context.Context, docs ...Document) ([]Issue, error) {
	return e.change(ctx, published, docs, false)
}

// Unpublish takes definitions away that Publish added. What still refers to
// them makes it fail, as Publish would.
func (e *Enricher) Unpublish(ctx context.Context, ids ...Identity) ([]Issue, error) {
	e.publishing.Lock()
	defer e.publishing.Unlock()
	next := maps.Clone(e.documents)
	for _, id := range ids {
		if old, ok := next[id]; !ok || old.owner != published {
			return nil, fmt.Errorf("%v: was not published", id)
		}
		delete(next, id)
	}
	return e.swap(ctx, next, false)
}

// change replaces or adds documents of one owner.
func (e *Enricher) change(ctx context.Context, owner string, docs []Document, whole bool) ([]Issue, error) {
	e.publishing.Lock()
	defer e.publishing.Unlock()
	c := e.newChange(owner, whole)
	c.add(e.parseAll(ctx, docs))
	return c.serve(ctx)
}

// A change is a catalogue in the making. Hold publishing while there is one.
type change struct {
	enricher *Enricher
	owner    string // of what is added
	next     map[Identity]owned
	fresh    map[Identity]string // what was added, by the document's name
	issues   []Issue
	kept     bool // Config.Store has what was published
	wins     bool // over what was published: there is nobody to refuse it to
}

// newChange begins with what is there; with whole, less what owner brought.
func (e *Enricher) newChange(owner string, whole bool) *change {
	c := &change{enricher: e, owner: owner, next: map[Identity]owned{}, fresh: map[Identity]string{}, kept: owner != published}
	for id, old := range e.documents {
		if !whole || old.owner != owner {
			c.next[id] = old
		}
	}
	return c
}

// add takes what parseAll gave.
func (c *change) add(docs []*parsed, issues []Issue) {
	c.issues = append(c.issues, issues...)
	for _, p := range docs {
		at := func(message string) {
			c.issues = append(c.issues, Issue{File: p.doc.Name, Line: lineOf(p.doc.JSON, "key"), Member: member(p.Flow, []string{"key"}), Message: message})
		}
		old, there := c.next[p.Identity]
		if other, ok := c.fresh[p.Identity]; ok && old.owner == c.owner {
			at(fmt.Sprintf("%v is defined in %s too", p.Identity, other))
			continue
		}
		if there && c.wins {
			c.enricher.config.Logger.Warn("a definition that was published gives way to one of the directory", "definition", p.Identity.String(), "directory", c.owner)
		} else if there && old.owner != c.owner {
			at(fmt.Sprintf("%v is already loaded from %s", p.Identity, cmp.Or(old.owner, "a publish")))
			continue
		}
		c.fresh[p.Identity] = p.doc.Name
		c.next[p.Identity] = owned{p, c.owner}
	}
}

// serve makes the change what is served, unless something is wrong with it.
func (c *change) serve(ctx context.Context) ([]Issue, error) {
	if most := c.enricher.config.Documents; len(c.next) > most {
		c.issues = append(c.issues, Issue{Message: fmt.Sprintf("%d definitions; the most is %d", len(c.next), most)})
	}
	if len(c.issues) > 0 {
		return nil, c.enricher.refused(c.issues)
	}
	return c.enricher.swap(ctx, c.next, c.kept)
}

// parseAll validates documents and finds their mappings, on all processors.
func (e *Enricher) parseAll(ctx context.Context, docs []Document) ([]*parsed, []Issue) {
	type outcome struct {
		p      *parsed
		issues []Issue
	}
	out := make([]outcome, len(docs))
	eachParallel(len(docs), func(i int) {
		p, issues := parse(docs[i], e.config.DocumentBytes)
		if p != nil && p.extension != nil {
			var err error
			if p.code, err = e.config.findCode(ctx, p.extension, docs[i].Files); err != nil {
				where := []string{"attributes", "task", "mapping"}
				issues = append(issues, Issue{File: docs[i].Name, Line: lineOf(docs[i].JSON, where...), Member: member(FlowExtensions, where), Message: err.Error()})
			}
		}
		out[i] = outcome{p, issues}
	})
	var all []*parsed
	var issues []Issue
	for _, o := range out {
		issues = append(issues, o.issues...)
		if o.p != nil && len(o.issues) == 0 {
			all = append(all, o.p)
		}
	}
	return all, issues
}

// eachParallel calls fn with 0 to n-1.
func eachParallel(n int, fn func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				fn(i)
			}
		})
	}
	wg.Wait()
}

func (e *Enricher) refused(issues []Issue) error {
	sortIssues(issues)
	err := &PublishError{Issues: issues}
	e.config.Logger.Error("definitions refused", "issues", len(issues), "first", issues[0].String())
	return err
}

// swap makes documents the catalogue that is served, or says why not. With
// kept, what was published did not change.
func (e *Enricher) swap(ctx context.Context, next map[Identity]owned, kept bool) ([]Issue, error) {
	docs := make([]*parsed, 0, len(next))
	for _, o := range next {
		docs = append(docs, o.parsed)
	}
	slices.SortFunc(docs, func(a, b *parsed) int {
		return cmp.Or(strings.Compare(a.doc.Name, b.doc.Name), strings.Compare(a.Identity.String(), b.Identity.String()))
	})
	c := newCatalogue(e.config.Compat, docs)
	c.revision = revisionOf(docs)
	c.release = e.releaseCatalogue
	found := append(e.bind(ctx, c, docs), c.collisions(docs)...)
	if e.config.Attach != nil {
		plain := make([]Document, len(docs))
		for i, d := range docs {
			plain[i] = d.doc
		}
		var more []Issue
		c.attached, more = e.config.Attach(plain)
		found = append(found, more...)
	}
	issues, warnings := split(found)
	err := context.Cause(ctx)
	if err == nil && len(issues) > 0 {
		err = e.refused(issues)
	}
	if err == nil && e.config.Store != nil && !kept {
		err = e.save(ctx, next)
	}
	if err == nil {
		err = e.serve(c)
	}
	if err != nil {
		c.done()
		return nil, err
	}
	for _, d := range docs {
		d.code.bytes = nil // it is loaded, and stays so as long as a document needs it
	}
	e.documents = next
	sortIssues(warnings)
	for _, w := range warnings {
		e.config.Logger.Warn("definition", "issue", w.String())
	}
	e.config.Logger.Info("definitions published", "documents", len(docs), "generation", c.generation)
	return warnings, nil
}

// revisionOf is a digest of documents, which are in order, and their mappings.
func revisionOf(docs []*parsed) string {
	h := sha256.New()
	for _, d := range docs {
		fmt.Fprintf(h, "%s\x00%x\x00%s\x00%s\x00", d.Identity, sha256.Sum256(d.doc.JSON), d.code.name, d.code.digest)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// serve makes c what readers see.
func (e *Enricher) serve(c *catalogue) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	c.generation = e.current.generation + 1
	old := e.current
	e.current = c
	old.done()
	return nil
}

// bind finds the task and the mapping of every extension.
func (e *Enricher) bind(ctx context.Context, c *catalogue, docs []*parsed) []Issue {
	var mu sync.Mutex
	var issues []Issue
	extensions := slices.DeleteFunc(slices.Clone(docs), func(d *parsed) bool { return d.extension == nil })
	byFile := map[string]*Task{}
	for _, d := range docs {
		if d.task != nil {
			byFile[d.doc.Name] = d.task
		}
	}
	bound := make([]*binding, len(extensions))
	eachParallel(len(extensions), func(i int) {
		x := extensions[i].extension
		b := &binding{slot: c.compat.slot(x)}
		add := func(code string, err error, path ...string) {
			where := append([]string{"attributes", "task"}, path...)
			mu.Lock()
			defer mu.Unlock()
			issues = append(issues, Issue{File: x.file, Line: lineOf(extensions[i].doc.JSON, where...), Member: member(FlowExtensions, where), Code: code, Message: err.Error()})
		}
		if task, err := c.findTask(x, byFile); err != nil {
			add("", err)
		} else if !task.Kind.supported() {
			add(codeUnsupportedTask, errors.New(unsupportedTask(x, task)))
		} else if task.config["validateSsl"] == false && e.config.FetchUnverified == nil {
			add("", fmt.Errorf("task %s has validateSsl false, and the host has no Config.FetchUnverified", x.Task))
		} else {
			b.task = task
		}
		program, mapping, err := e.mapping(ctx, extensions[i].code)
		if err != nil {
			add("", err, "mapping")
		}
		b.mapping = mapping
		if program != nil {
			mu.Lock()
			c.programs = append(c.programs, program)
			mu.Unlock()
		}
		bound[i] = b
	})
	for i, d := range extensions {
		c.bound[d.extension] = bound[i]
	}
	for _, versions := range c.workflows {
		for _, w := range versions {
			issues = append(issues, w.warnings(docs)...)
		}
	}
	return issues
}

func unsupportedTask(x *Extension, task *Task) string {
	return fmt.Sprintf("UnsupportedTaskType: task %s is of type %d (%v), which extensions cannot run", x.Task, int(task.Kind), task.Kind)
}

var errNoTask = errors.New("is not loaded")

func (c *catalogue) findTask(x *Extension, byFile map[string]*Task) (*Task, error) {
	if x.Task.File != "" {
		for _, name := range []string{path.Clean(x.Task.File), path.Join(path.Dir(x.file), x.Task.File)} {
			if t := byFile[name]; t != nil && fs.ValidPath(name) {
				return t, nil
			}
		}
		return nil, fmt.Errorf("task %q %w: there is no such file beside the definitions", x.Task.File, errNoTask)
	}
	t, ok := c.task(x.Task)
	if !ok {
		return nil, fmt.Errorf("task %s %w", x.Task, errNoTask)
	}
	return t, nil
}

// mapping loads a mapping.
func (e *Enricher) mapping(ctx context.Context, code mappingCode) (*program, Mapping, error) {
	switch code.kind {
	case codeNone:
		return nil, nil, nil
	case codeNative:
		return nil, e.config.Natives[code.name], nil
	}
	p, err := e.programs.take(ctx, code)
	if err != nil {
		return nil, nil, err
	}
	return p, p.mapping, nil
}

// warnings are about references that lead nowhere, or to one extension twice.
func (w *workflowPlan) warnings(docs []*parsed) []Issue {
	if len(w.missing) == 0 && len(w.listed) == len(w.Extensions) {
		return nil
	}
	var doc *parsed
	for _, d := range docs {
		if d.workflow == w.Workflow {
			doc = d
		}
	}
	var issues []Issue
	seen := map[string]bool{}
	for i, r := range w.Extensions {
		message := ""
		switch {
		case slices.Contains(w.missing, r):
			message = fmt.Sprintf("extension %s is not loaded", r)
		case seen[id(r.Domain, r.Key)]:
			message = fmt.Sprintf("20102: extension %s is listed twice by workflow %s; it runs once", r, w.Key)
		}
		seen[id(r.Domain, r.Key)] = true
		if message != "" {
			at := []string{"attributes", "extensions", itoa(i)}
			issues = append(issues, Issue{Warning: true, File: w.file, Line: lineOf(doc.doc.JSON, at...), Member: member(FlowWorkflows, at), Message: message})
		}
	}
	return issues
}

// collisions finds extensions that would write into one member of a response.
func (c *catalogue) collisions(docs []*parsed) []Issue {
	var issues []Issue
	report := func(a, b *Extension, where string) {
		for _, d := range docs {
			if d.extension == b {
				issues = append(issues, Issue{
					File: b.file, Line: lineOf(d.doc.JSON, "key"), Member: "Extension.Key",
					Message: fmt.Sprintf("%s/%s and %s/%s (%s) both become the member %q of a response%s; rename one, or give it a responseKey", b.Domain, b.Key, a.Domain, a.Key, a.file, c.compat.slot(b), where),
				})
			}
		}
	}
	bySlot := map[string]*Extension{} // by domain and slot
	global := map[string]*Extension{} // by slot: those that may run for one another's domain
	for _, d := range docs {
		x := d.extension
		if x == nil {
			continue
		}
		slot := c.compat.slot(x)
		if first, ok := bySlot[x.Domain+"/"+slot]; !ok {
			bySlot[x.Domain+"/"+slot] = x
		} else if first.Key != x.Key {
			report(first, x, "")
		}
		if c.compat != CompatDocs || !x.Type.everywhere() {
			continue
		}
		if first, ok := global[slot]; !ok {
			global[slot] = x
		} else if first.Domain != x.Domain {
			report(first, x, ", and types 1 and 2 run in all domains")
		}
	}
	for _, versions := range c.workflows {
		for _, w := range versions {
			listed := map[string]*Extension{}
			for _, x := range w.listed {
				slot := c.compat.slot(x)
				if first, ok := listed[slot]; ok && first.Domain != x.Domain {
					report(first, x, " of workflow "+w.Key)
				}
				listed[slot] = x
			}
		}
	}
	return issues
}
