package flow

import (
	"slices"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
)

// A Step is what a transition does to an instance.
type Step struct {
	Transition string // the key
	From, To   string // states; From is "" for a start
	Status     store.Status
}

// Start is the step that makes an instance. Data are the attributes that the
// caller sends: a json.RawMessage, []byte or anything that marshals; nil for
// none. The error is an *Error.
func (w *Workflow) Start(roles []string, data any) (*Step, error) {
	if w.start == nil {
		return nil, problem("notsupported", CodeNoInitialState, "Workflow %s/%s %s has no states: it has no instances here.", w.Domain, w.Key, w.Version)
	}
	return w.step(w.start, "", roles, data)
}

// Next is the step of an instance that is in a state. Data are as for Start.
// The error is an *Error.
func (w *Workflow) Next(state, transition string, roles []string, data any) (*Step, error) {
	s, ok := w.states[state]
	if !ok {
		return nil, problem("conflict", CodeInvalidState, "The instance is in the state %q, which version %s of workflow %s/%s has not.", state, w.Version, w.Domain, w.Key)
	}
	if s.Type == Final {
		return nil, problem("conflict", CodeCompleted, "The instance is completed: %q is a final state.", state)
	}
	t, ok := w.Transition(state, transition)
	if !ok {
		return nil, w.notHere(state, transition)
	}
	if t.Trigger != Manual {
		return nil, problem("notsupported", CodeNotByHand, "Transition %q is not one that a request sets off.", t.Key)
	}
	return w.step(t, state, roles, data)
}

// notHere says why a state does not offer a transition.
func (w *Workflow) notHere(state, transition string) error {
	for _, t := range w.shared {
		if t.Key == transition {
			return problem("conflict", CodeSharedNotInState, "The shared transition %q is not for the state %q.", t.Key, state)
		}
	}
	for _, s := range w.States {
		if slices.ContainsFunc(s.Transitions, func(t *Transition) bool { return t.Key == transition }) {
			return problem("conflict", CodeNotInState, "Transition %q is not available in the state %q.", transition, state)
		}
	}
	return problem("notfound", CodeNoTransition, "Workflow %s/%s %s has no such transition.", w.Domain, w.Key, w.Version)
}

func (w *Workflow) step(t *Transition, state string, roles []string, data any) (*Step, error) {
	if !t.grants.let(roles) {
		return nil, problem("forbidden", CodeRoleDenied, "None of the caller's roles may run the transition %q.", t.Key)
	}
	value, err := decodeData(data)
	if err != nil {
		return nil, err
	}
	if t.Schema != nil {
		if err := t.Schema.check(value, everything); err != nil {
			err.Message = "The data of the transition " + quote(t.Key) + " are not what its schema says."
			return nil, err
		}
	}
	step := &Step{Transition: t.Key, From: state, To: t.to(state), Status: store.Active}
	if w.states[step.To].Type == Final {
		step.Status = store.Completed
	}
	return step, nil
}

// everything lets callers read of all that they sent themselves.
func everything([]string) bool { return true }

// Check holds attributes, old ones and a transition's merged, against the
// master schema. It says nothing about the values of members that roles do not
// let the caller see. The error is an *Error.
func (w *Workflow) Check(attributes []byte, roles []string) error {
	if w.Schema == nil {
		return nil
	}
	value, err := decodeData(attributes)
	if err != nil {
		return err
	}
	invalid := w.Schema.check(value, func(path []string) bool { return w.MayUse(path, roles) })
	if invalid == nil {
		return nil
	}
	invalid.Message = "The attributes are not what the schema of workflow " + w.Domain + "/" + w.Key + " says."
	return invalid
}
