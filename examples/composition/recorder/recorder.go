// Package recorder is an extension for developers: it records what goes by in
// a scope, and shows what the scope holds.
package recorder

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

var events = guest.Var[[]string]("events")

// most is how many events are kept; the oldest go first.
const most = 100

// A Recorder is the extension. Its methods are takeEvents, which gives what
// was recorded and begins anew, and getState of a scope's ID.
type Recorder struct{}

// New makes the extension.
func New() *Recorder { return &Recorder{} }

// Attach asks for all changes.
func (*Recorder) Attach(s *guest.Scope) error {
	_, err := s.OnChange()
	return err
}

// WrapResolve records what passes here, on the way in and on the way out.
func (*Recorder) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	what := r.Operation() + " " + r.Executor().NameOr("unnamed")
	record(what)
	result, err := next()
	if err != nil {
		record(what + " failed with " + guest.Code(err))
	} else {
		record(what + " done")
	}
	return result, err
}

// Change records the value that a scope is about to store.
func (*Recorder) Change(c *guest.Change) (guest.Value, error) {
	value, err := guest.As[string](c.Value())
	if err != nil {
		value = "something else than text"
	}
	record("value of " + c.Executor().NameOr("unnamed") + " is " + value)
	return guest.Pass, nil
}

func record(event string) {
	err := events.Update(func(list *[]string) {
		*list = append(*list, event)
		if n := len(*list) - most; n > 0 {
			*list = (*list)[n:]
		}
	})
	if err != nil {
		guest.Log.Warn("not recorded", "event", event, "error", err)
	}
}

// Methods are what the host may call.
func (*Recorder) Methods() guest.Methods {
	return guest.Methods{
		"takeEvents": func(guest.Value) (guest.Value, error) {
			list, err := events.Get()
			if err != nil && err != guest.ErrNotFound {
				return guest.Value{}, err
			}
			return guest.Of(list), events.Delete()
		},
		"getState": guest.Func(state),
	}
}

// state tells how far each executor of a scope is.
func state(scope uint64) (any, error) {
	list := []string{}
	for e, err := range (&guest.Scope{ID: scope}).Entries() {
		if err != nil {
			return nil, err
		}
		list = append(list, e.NameOr("unnamed")+" "+e.State)
	}
	return list, nil
}
