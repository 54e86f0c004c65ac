// Package authorize is an extension that lets only callers with the right role
// run a flow.
package authorize

import (
	"slices"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// An Authorize is the extension. Its configuration is a map from what may be
// run, by name, to the roles that may run it. What is not in it, anybody may.
// Who runs something is the host's tag "role".
type Authorize struct{ roles map[string][]string }

// New makes the extension.
func New() *Authorize { return &Authorize{} }

// Init reads the configuration.
func (e *Authorize) Init(cfg guest.Config) error {
	rules, err := guest.As[map[string]any](cfg.Value)
	if err != nil {
		return err
	}
	if len(rules) == 0 {
		return guest.NewError("no_rules", "without rules anybody may run anything: leave the extension out if that is meant")
	}
	e.roles = map[string][]string{}
	for name := range rules {
		if e.roles[name], err = guest.As[[]string](cfg.Get(name)); err != nil {
			return err
		}
	}
	return nil
}

// WrapExecute refuses by not calling next: the input is not validated, the
// handler does not run, and items do not begin.
func (e *Authorize) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	allowed, ruled := e.roles[x.Name()]
	if !ruled {
		return next()
	}
	role, err := guest.Or(x.Tags().Get("role"), "nobody")
	if err != nil {
		return guest.Value{}, err
	}
	if !slices.Contains(allowed, role) {
		return guest.Value{}, guest.NewError("forbidden", role+" may not run "+x.Name()+" in "+around(x))
	}
	return next()
}

// around is the flow that something runs in.
func around(x *guest.Execution) string {
	if x.Flow().Name == "" {
		return x.FlowName()
	}
	if x.ParentFlowName() == "" {
		return "itself"
	}
	return x.ParentFlowName()
}
