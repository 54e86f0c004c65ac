package flow

import (
	"encoding/json"
	"slices"
	"time"
)

// DefaultBodyTTL is how long a response may be kept where a workflow does not
// say.
const DefaultBodyTTL = time.Minute

// A Workflow is one version of a workflow. It is shared: do not change it.
type Workflow struct {
	Domain, Key, Version string

	// BodyTTL is how long a response to a read that names no extensions may be
	// kept: config.functionCache.ttlSeconds. 0 is not at all. Default
	// DefaultBodyTTL.
	BodyTTL time.Duration

	// Schema is the master schema, which attributes are held against; nil for
	// none.
	Schema *Schema

	// States are in the order of the definition. There are none where the
	// definition has none: such a workflow is there for its extensions, and
	// has no instances here.
	States []*State

	start   *Transition
	initial *State
	shared  []*Transition // cancel too
	states  map[string]*State
}

// A State is where an instance can be.
type State struct {
	Key         string
	Type        StateType
	Labels      map[string]string // by language
	View        json.RawMessage   // as in the definition; nil for none
	Transitions []*Transition     // its own, of whatever trigger
}

// A StateType is what a definition has as stateType.
type StateType int

// The types of states.
const (
	Initial      StateType = 1
	Intermediate StateType = 2
	Final        StateType = 3 // an instance in it is completed
	SubFlow      StateType = 4 // as Intermediate: the sub-flow is not run
	Wizard       StateType = 5 // as Intermediate
)

// A Transition leads from one state to another.
type Transition struct {
	Key     string
	Target  string // the key of a state, or Self
	Trigger Trigger
	Shared  bool              // of the workflow, not of one state
	Labels  map[string]string // by language
	View    json.RawMessage   // as in the definition; nil for none

	// Schema is what the data of the transition are held against; nil for none.
	Schema *Schema

	grants grants
	in     []string // the states of a shared one; nil for all that are not final
}

// Self as a target is the state that the instance is in.
const Self = "$self"

// A Trigger is what sets a transition off.
type Trigger int

// The triggers. Manual alone is run.
const (
	Manual Trigger = iota
	Automatic
	Timer
	Event
)

// State finds a state.
func (w *Workflow) State(key string) (*State, bool) {
	s, ok := w.states[key]
	return s, ok
}

// StartTransition is the transition that makes an instance; nil where the
// workflow has no states.
func (w *Workflow) StartTransition() *Transition { return w.start }

// Transition finds the transition that a state offers under a key, its own
// before a shared one, whoever may run it.
func (w *Workflow) Transition(state, key string) (*Transition, bool) {
	s, ok := w.states[state]
	if !ok {
		return nil, false
	}
	for _, t := range s.Transitions {
		if t.Key == key {
			return t, true
		}
	}
	for _, t := range w.shared {
		if t.Key == key && t.isFor(s) {
			return t, true
		}
	}
	return nil, false
}

// Available lists what a caller with these roles can do in a state: manual
// transitions alone, the state's own first.
func (w *Workflow) Available(state string, roles []string) []*Transition {
	var out []*Transition
	for _, t := range w.byHand(state) {
		if t.grants.let(roles) {
			out = append(out, t)
		}
	}
	return out
}

func (t *Transition) isFor(s *State) bool {
	return s.Type != Final && (t.in == nil || slices.Contains(t.in, s.Key))
}

// to is where the transition leads from a state.
func (t *Transition) to(state string) string {
	if t.Target == Self {
		return state
	}
	return t.Target
}
