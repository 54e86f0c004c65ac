// Package retrylevel is an extension that runs what failed again, at the level
// that its configuration chooses.
package retrylevel

import (
	"slices"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// A RetryLevel is the extension. Its configuration is tries, how often
// something may run in all, default 3; and where it tries again: at depth, the
// number of flows around a flow; at names, a list; or byKey, at what has a key.
// One of them is enough; without any it is everywhere.
type RetryLevel struct {
	tries int
	depth int // -1 for none
	names []string
	byKey bool
}

// New makes the extension.
func New() *RetryLevel { return &RetryLevel{} }

// Init reads the configuration.
func (e *RetryLevel) Init(cfg guest.Config) (err error) {
	if e.tries, err = guest.Or(cfg.Get("tries"), 3); err != nil {
		return err
	}
	if e.depth, err = guest.Or(cfg.Get("depth"), -1); err != nil {
		return err
	}
	if e.names, err = guest.Or[[]string](cfg.Get("names"), nil); err != nil {
		return err
	}
	e.byKey, err = guest.Or(cfg.Get("byKey"), false)
	return err
}

// WrapExecute calls next until it succeeds or tries are used up.
func (e *RetryLevel) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	result, err := next()
	if err == nil || !e.chosen(x) {
		return result, err
	}
	for range e.tries - 1 {
		if result, err = next(); err == nil {
			break
		}
	}
	return result, err
}

// chosen tells whether this is the level.
func (e *RetryLevel) chosen(x *guest.Execution) bool {
	if e.depth < 0 && e.names == nil && !e.byKey {
		return true
	}
	isFlow := x.Flow().Name != ""
	return isFlow && x.Depth() == e.depth || slices.Contains(e.names, x.Name()) || e.byKey && x.Key() != ""
}
