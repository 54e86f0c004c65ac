package flow

// checkTargets finds transitions that lead to no state.
func (w *Workflow) checkTargets(attributes node) {
	check := func(at node) {
		switch target, _ := at.at("target").value.(string); {
		case target == "":
			at.at("target").wrong("is missing: a state, or %s", Self)
		case target != Self && w.states[target] == nil:
			at.at("target").wrong("there is no state %s", quote(target))
		}
	}
	for _, s := range attributes.at("states").list() {
		for _, t := range s.at("transitions").list() {
			check(t)
		}
	}
	for _, t := range attributes.at("sharedTransitions").list() {
		check(t)
	}
	if cancel := attributes.at("cancel"); cancel.there() {
		check(cancel)
	}
}

// checkPaths warns of states that no instance gets to, and of those that none
// leaves.
func (w *Workflow) checkPaths(attributes node) {
	if w.start == nil {
		return
	}
	reached := map[string]bool{w.start.Target: true}
	queue := []string{w.start.Target}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		for _, t := range w.byHand(state) {
			if to := t.to(state); !reached[to] {
				reached[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, at := range attributes.at("states").list() {
		key, _ := at.at("key").value.(string)
		s := w.states[key]
		switch {
		case s == nil:
		case !reached[key]:
			at.at("key").warn("no instance gets to the state %q: no manual transition leads there", key)
		case s.Type != Final && !w.leaves(s):
			at.at("key").warn("no instance leaves the state %q: it is not final, and no manual transition leads on", key)
		}
	}
}

// byHand lists the transitions of a state that are run, whoever may run them.
func (w *Workflow) byHand(state string) []*Transition {
	s := w.states[state]
	if s == nil || s.Type == Final {
		return nil
	}
	var out []*Transition
	for _, t := range s.Transitions {
		if t.Trigger == Manual {
			out = append(out, t)
		}
	}
	for _, t := range w.shared {
		if t.Trigger == Manual && t.isFor(s) {
			out = append(out, t)
		}
	}
	return out
}

func (w *Workflow) leaves(s *State) bool {
	for _, t := range w.byHand(s.Key) {
		if t.to(s.Key) != s.Key {
			return true
		}
	}
	return false
}
