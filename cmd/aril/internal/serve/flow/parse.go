package flow

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"time"
)

// keyPattern is what states and transitions may be called: it stands in URLs.
var keyPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$`)

func (c *Catalogue) parseWorkflow(root node) *Workflow {
	attributes := root.at("attributes")
	w := &Workflow{
		Domain: root.at("domain").text(), Key: root.at("key").text(), Version: root.at("version").text(),
		BodyTTL: bodyTTL(root, attributes), states: map[string]*State{},
	}
	if at := attributes.at("schema"); at.there() {
		w.Schema = c.schema(at, w.Domain)
	}
	attributes.notRun("timeout", "functions", "features", "updateData", "exit", "errorBoundary")
	if at := attributes.at("queryRoles"); at.there() {
		at.warn("is not held against callers by this service")
	}
	states := attributes.at("states").list()
	for _, at := range states {
		c.parseState(w, at)
	}
	if len(states) == 0 {
		for _, name := range []string{"startTransition", "sharedTransitions", "cancel"} {
			if at := attributes.at(name); at.there() {
				at.warn("leads nowhere: the workflow has no states, and so no instances here")
			}
		}
		return w
	}
	c.parseStart(w, attributes)
	for _, at := range attributes.at("sharedTransitions").list() {
		c.parseShared(w, at)
	}
	if at, ok := attributes.at("cancel").object(); ok && at.there() {
		c.parseShared(w, at)
	}
	w.checkTargets(attributes)
	w.checkPaths(attributes)
	return w
}

// bodyTTL reads config.functionCache.ttlSeconds.
func bodyTTL(root, attributes node) time.Duration {
	for _, at := range []node{attributes, root} {
		ttl := at.at("config").at("functionCache").at("ttlSeconds")
		if ttl.value == nil {
			continue
		}
		number, _ := ttl.value.(json.Number)
		f, err := number.Float64()
		if err != nil || f < 0 || f > 86_400 || math.IsNaN(f) {
			ttl.wrong("is no number of seconds from 0 to 86400")
			continue
		}
		return time.Duration(f * float64(time.Second))
	}
	return DefaultBodyTTL
}

func parseKey(at node) string {
	key := at.at("key").text()
	switch {
	case key == "":
		at.at("key").wrong("is missing")
	case !keyPattern.MatchString(key):
		at.at("key").wrong("is %s; want letters, digits, '-', '_' and '.', 200 at most", quote(key))
	}
	return key
}

func (c *Catalogue) parseState(w *Workflow, at node) {
	s := &State{
		Key: parseKey(at), Type: StateType(at.at("stateType").integer(0)), Labels: at.at("labels").labels(), View: at.at("view").raw(),
	}
	switch s.Type {
	case Initial, Intermediate, Final:
	case SubFlow:
		at.at("stateType").warn("the sub-flow is not run by this service; the state is one like another")
	case Wizard:
		at.at("stateType").warn("the wizard is not run by this service; the state is one like another")
	default:
		if at.at("stateType").value == nil {
			at.at("stateType").wrong("is missing: 1 initial, 2 intermediate, 3 finish")
		} else {
			at.at("stateType").wrong("is none of 1 initial, 2 intermediate, 3 finish, 4 sub-flow, 5 wizard")
		}
	}
	at.notRun("onEntries", "onEntry", "onExits", "onExit", "errorBoundary")
	if s.Type != SubFlow {
		at.notRun("subFlow")
	}
	for _, name := range []string{"roles", "queryRoles"} {
		if m := at.at(name); m.there() {
			m.warn("is not held against callers by this service")
		}
	}
	for _, t := range at.at("transitions").list() {
		parsed := c.parseTransition(w, t)
		if slices.ContainsFunc(s.Transitions, func(o *Transition) bool { return o.Key == parsed.Key }) {
			t.at("key").wrong("%q is a transition of the state %q already", parsed.Key, s.Key)
			continue
		}
		s.Transitions = append(s.Transitions, parsed)
	}
	if s.Type == Final && len(s.Transitions) > 0 {
		at.at("transitions").warn("nothing leaves a final state")
	}
	if _, twice := w.states[s.Key]; twice {
		at.at("key").wrong("%q is a state already", s.Key)
		return
	}
	w.States = append(w.States, s)
	w.states[s.Key] = s
}

func (c *Catalogue) parseTransition(w *Workflow, at node) *Transition {
	t := &Transition{
		Key: parseKey(at), Target: at.at("target").text(), Trigger: Trigger(at.at("triggerType").integer(int(Manual))),
		Labels: at.at("labels").labels(), View: at.at("view").raw(),
	}
	trigger := at.at("triggerType")
	switch t.Trigger {
	case Manual:
	case Automatic:
		trigger.warn("an automatic transition is not run by this service")
	case Timer:
		trigger.warn("a transition by timer is not run by this service")
	case Event:
		trigger.warn("a transition by event is not run by this service")
	default:
		trigger.wrong("is none of 0 manual, 1 automatic, 2 timer, 3 event")
	}
	if m := at.at("schema"); m.there() {
		t.Schema = c.schema(m, w.Domain)
	}
	if m := at.at("roles"); m.value != nil {
		g, err := parseGrants(m.value)
		if err != nil {
			m.wrong("%v", err)
		}
		for _, role := range g.unknown() {
			m.warn("role %s depends on the instance: nobody has it here", role)
		}
		t.grants = g
		c.roles.keep(g)
	}
	at.notRun("onExecutionTasks", "mapping", "errorBoundary")
	if t.Trigger == Manual {
		at.notRun("rule", "timer")
	}
	return t
}

func (c *Catalogue) parseStart(w *Workflow, attributes node) {
	for i, s := range w.States {
		if s.Type != Initial {
			continue
		}
		if w.initial != nil {
			attributes.at("states").item(i).at("stateType").wrong("%q is an initial state, and so is %q; a workflow has one", s.Key, w.initial.Key)
			continue
		}
		w.initial = s
	}
	if w.initial == nil {
		attributes.at("states").wrongAs(CodeNoInitialState, "none of them is initial (stateType 1)")
		return
	}
	at, ok := attributes.at("startTransition").object()
	if !ok {
		w.start = &Transition{Key: "start", Target: w.initial.Key}
		return
	}
	w.start = c.parseTransition(w, at)
	if w.start.Trigger != Manual {
		at.at("triggerType").wrong("an instance is started by a request: want 0")
	}
	switch {
	case w.start.Target == "":
		w.start.Target = w.initial.Key
	case w.states[w.start.Target] == nil:
		at.at("target").wrong("there is no state %s", quote(w.start.Target))
	case w.start.Target != w.initial.Key:
		at.at("target").warn("instances begin in %q, and the initial state is %q", w.start.Target, w.initial.Key)
	}
}

func (c *Catalogue) parseShared(w *Workflow, at node) {
	t := c.parseTransition(w, at)
	t.Shared = true
	in := at.at("availableIn")
	names, ok := in.value.([]any)
	if !ok && in.value != nil {
		in.wrong("is no list of states")
	}
	for i := range names {
		item := in.item(i)
		name := item.text()
		switch s := w.states[name]; {
		case s == nil:
			item.wrong("there is no state %s", quote(name))
		case s.Type == Final:
			item.warn("nothing leaves the final state %q", name)
		}
		t.in = append(t.in, name)
	}
	for _, s := range w.States {
		if t.isFor(s) && slices.ContainsFunc(s.Transitions, func(o *Transition) bool { return o.Key == t.Key }) {
			at.at("key").wrong("%q is a transition of the state %q already", t.Key, s.Key)
		}
		for _, other := range w.shared {
			if other.Key == t.Key && t.isFor(s) && other.isFor(s) {
				at.at("key").wrong("%q is a shared transition of the state %q already", t.Key, s.Key)
			}
		}
	}
	w.shared = append(w.shared, t)
}
