package enrich

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"
)

// A catalogue is one consistent set of definitions. It never changes.
type catalogue struct {
	compat     Compat
	generation uint64
	revision   string                  // a digest of all of it
	attached   any                     // by Config.Attach
	extensions map[string][]*Extension // by domain/key, newest first
	tasks      map[string][]*Task
	workflows  map[string][]*workflowPlan
	known      map[string][]*Extension // newest of each domain, by key
	core       map[string]*[reads]coreList
	bound      map[*Extension]*binding
	programs   []*program
	users      atomic.Int64
	release    func(*catalogue)
}

// A binding is what an extension's references came to.
type binding struct {
	task    *Task
	mapping Mapping // nil: pass-through
	slot    string
}

// A coreList is what one kind of read selects among the extensions that need
// no workflow. All lists are in the order in which they run.
type coreList struct {
	none  []*Extension            // where the request names none
	some  []*Extension            // where it names some, before those are added
	named map[string][]*Extension // by key: those that only naming selects
}

// A workflowPlan is a workflow with its references resolved.
type workflowPlan struct {
	*Workflow
	listed  []*Extension // in the order in which they run; each once
	missing []Reference
}

// Every domain shares one core list at level docs.
const allDomains = ""

func id(domain, key string) string { return domain + "/" + key }

// inOrder sorts by group, then by name, so that responses look alike each time.
func inOrder(a, b *Extension) int {
	return cmp.Or(cmp.Compare(a.Order, b.Order), strings.Compare(a.Domain, b.Domain), strings.Compare(a.Key, b.Key))
}

func newCatalogue(compat Compat, docs []*parsed) *catalogue {
	c := &catalogue{
		compat: compat, extensions: map[string][]*Extension{}, tasks: map[string][]*Task{}, workflows: map[string][]*workflowPlan{},
		known: map[string][]*Extension{}, core: map[string]*[reads]coreList{}, bound: map[*Extension]*binding{},
	}
	c.users.Store(1)
	for _, d := range docs {
		k := id(d.Domain, d.Key)
		switch {
		case d.extension != nil:
			c.extensions[k] = append(c.extensions[k], d.extension)
		case d.task != nil:
			c.tasks[k] = append(c.tasks[k], d.task)
		case d.workflow != nil:
			c.workflows[k] = append(c.workflows[k], &workflowPlan{Workflow: d.workflow})
		}
	}
	for _, versions := range c.extensions {
		slices.SortFunc(versions, func(a, b *Extension) int { return CompareVersions(b.Version, a.Version) })
	}
	for _, versions := range c.tasks {
		slices.SortFunc(versions, func(a, b *Task) int { return CompareVersions(b.Version, a.Version) })
	}
	for _, versions := range c.workflows {
		slices.SortFunc(versions, func(a, b *workflowPlan) int { return CompareVersions(b.Version, a.Version) })
	}
	c.planWorkflows()
	c.planCore()
	return c
}

// extension finds the version that a reference means.
func (c *catalogue) extension(r Reference) (*Extension, bool) {
	return PickVersion(c.extensions[id(r.Domain, r.Key)], func(e *Extension) string { return e.Version }, r.Version)
}

func (c *catalogue) task(r Reference) (*Task, bool) {
	return PickVersion(c.tasks[id(r.Domain, r.Key)], func(t *Task) string { return t.Version }, r.Version)
}

func (c *catalogue) workflow(domain, key, version string) (*workflowPlan, bool) {
	return PickVersion(c.workflows[id(domain, key)], func(w *workflowPlan) string { return w.Version }, version)
}

func (c *catalogue) planWorkflows() {
	for _, versions := range c.workflows {
		for _, w := range versions {
			for _, r := range w.Extensions {
				e, ok := c.extension(r)
				switch {
				case !ok:
					w.missing = append(w.missing, r)
				case !slices.Contains(w.listed, e):
					w.listed = append(w.listed, e)
				}
			}
			slices.SortStableFunc(w.listed, inOrder)
		}
	}
}

func (c *catalogue) planCore() {
	for k := range c.extensions {
		newest, _ := PickVersion(c.extensions[k], func(e *Extension) string { return e.Version }, latest)
		lower := strings.ToLower(newest.Key)
		c.known[lower] = append(c.known[lower], newest)
		if !newest.Type.everywhere() {
			continue
		}
		domain := newest.Domain
		if c.compat == CompatDocs {
			domain = allDomains
		}
		lists := c.core[domain]
		if lists == nil {
			lists = new([reads]coreList)
			c.core[domain] = lists
		}
		for r := range reads {
			if c.compat.scopeMatches(newest.Scope, r) {
				lists[r].add(c.compat, newest)
			}
		}
	}
	for _, lists := range c.core {
		for r := range lists {
			slices.SortFunc(lists[r].none, inOrder)
			slices.SortFunc(lists[r].some, inOrder)
		}
	}
}

func (l *coreList) add(compat Compat, e *Extension) {
	if !e.Lazy && compat.typeRuns(e.Type, false, false) {
		l.none = append(l.none, e)
	}
	if !e.Lazy && compat.typeRuns(e.Type, false, true) {
		l.some = append(l.some, e)
	} else if compat.typeRuns(e.Type, true, true) {
		if l.named == nil {
			l.named = map[string][]*Extension{}
		}
		l.named[strings.ToLower(e.Key)] = append(l.named[strings.ToLower(e.Key)], e)
	}
}

// A demand is what a request names.
type demand struct {
	keys    []string // as written, each once
	lowered map[string]bool
}

// maxDemand bounds the keys of one request. Those past it are unknown.
const maxDemand = 256

// newDemand splits lists at commas. Blanks around a key are not part of it.
func newDemand(lists []string) demand {
	d := demand{}
	for _, list := range lists {
		for key := range strings.SplitSeq(list, ",") {
			key = strings.TrimSpace(key)
			lower := strings.ToLower(key)
			if key == "" || d.lowered[lower] || len(d.keys) == maxDemand {
				continue
			}
			if d.lowered == nil {
				d.lowered = map[string]bool{}
			}
			d.lowered[lower] = true
			d.keys = append(d.keys, key)
		}
	}
	return d
}

func (d *demand) some() bool              { return len(d.keys) > 0 }
func (d *demand) names(e *Extension) bool { return d.lowered[strings.ToLower(e.Key)] }

// selectCore chooses the extensions of the first phase. The result may be
// shared: it is not to be changed.
func (c *catalogue) selectCore(domain string, r Read, d *demand) []*Extension {
	if c.compat == CompatDocs {
		domain = allDomains
	}
	lists := c.core[domain]
	if lists == nil || r >= reads {
		return nil
	}
	l := &lists[r]
	if !d.some() {
		return l.none
	}
	var extra []*Extension
	for _, key := range d.keys {
		extra = append(extra, l.named[strings.ToLower(key)]...)
	}
	if len(extra) == 0 {
		return l.some
	}
	slices.SortFunc(extra, inOrder)
	return merge(l.some, extra)
}

// merge puts a few into a list, which may be long; both are in order.
func merge(list, few []*Extension) []*Extension {
	out := make([]*Extension, 0, len(list)+len(few))
	for _, e := range few {
		at, _ := slices.BinarySearchFunc(list, e, inOrder)
		out = append(append(out, list[:at]...), e)
		list = list[at:]
	}
	return append(out, list...)
}

// selectListed chooses those of the second phase: what the workflow lists, and
// the first phase did not run.
func (c *catalogue) selectListed(w *workflowPlan, r Read, d *demand, core []*Extension) []*Extension {
	if w == nil {
		return nil
	}
	var chosen []*Extension
	for _, e := range w.listed {
		if !c.compat.scopeMatches(e.Scope, r) || !c.compat.typeRuns(e.Type, d.names(e), d.some()) || e.Lazy && !d.names(e) {
			continue
		}
		if e.Type.everywhere() && c.ran(core, e) {
			continue
		}
		chosen = append(chosen, e)
	}
	return chosen
}

// ran tells whether the first phase, which runs the newest version, runs e.
func (c *catalogue) ran(core []*Extension, e *Extension) bool {
	newest, ok := c.extension(Reference{Domain: e.Domain, Key: e.Key})
	if !ok {
		return false
	}
	_, found := slices.BinarySearchFunc(core, newest, inOrder)
	return found
}

// unknown lists the keys that name nothing that is loaded.
func (c *catalogue) unknown(d *demand) []string {
	var out []string
	for _, key := range d.keys {
		if len(c.known[strings.ToLower(key)]) == 0 {
			out = append(out, key)
		}
	}
	return out
}
