// Package statetracking is an extension that follows what happens to states,
// their controllers and what displays them. It tells them by their names.
package statetracking

import (
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// changes counts by part: "state", "controller", "display".
var changes = guest.Map[int]("changes")

// A StateTracking is the extension. Its method getChanges gives how many
// changes there were of each part.
type StateTracking struct{}

// New makes the extension.
func New() *StateTracking { return &StateTracking{} }

// Attach asks for all changes. The host keeps the subscription; the extension
// need not stay alive for it.
func (*StateTracking) Attach(s *guest.Scope) error {
	_, err := s.OnChange()
	return err
}

// Change is told of each value before the scope stores it.
func (*StateTracking) Change(c *guest.Change) (guest.Value, error) {
	name := c.Executor().Name()
	switch {
	case strings.Contains(name, "state"):
		count("state")
		guest.Log.Info("state changed", "by", c.Operation(), "name", name, "value", c.Value())
	case strings.Contains(name, "controller"):
		count("controller") // its value is functions, of which nothing can be shown
		guest.Log.Info("controller ready", "name", name)
	case strings.Contains(name, "display"):
		count("display")
		guest.Log.Info("display shows", "name", name, "value", c.Value())
	}
	return guest.Pass, nil
}

func count(part string) {
	if err := changes.Update(part, func(n *int) { *n++ }); err != nil {
		guest.Log.Warn("change not counted", "error", err)
	}
}

// Methods are what the host may call.
func (*StateTracking) Methods() guest.Methods {
	return guest.Methods{
		"getChanges": func(guest.Value) (guest.Value, error) { return changes.Value(), nil },
	}
}
