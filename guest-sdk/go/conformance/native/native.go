// Package native runs the roles of the Go SDK without a sandbox, as ordinary Go
// in the host program, on the same cases as modules.
package native

import (
	"context"

	"github.com/aril-wasm/aril/guest-sdk/go/conformance/roles"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/conformance"
)

// Subject is what the cases are run on.
type Subject struct{}

// Sandboxed is false: nothing bounds the extension.
func (Subject) Sandboxed() bool { return false }

// Open makes the extension. Under the isolation Fresh each activation has a
// value of its own, as in the sandbox.
func (Subject) Open(_ context.Context, s conformance.Setup) (*conformance.Session, error) {
	cfg := native.Config{Config: s.Config, Powers: s.Powers, State: s.State, Functions: s.Functions, Logger: s.Logger}
	const name = "conformance"
	var x *native.Extension
	var err error
	if s.Isolation == aril.Fresh {
		x, err = native.NewFresh(name, roles.New, cfg)
	} else {
		x, err = native.New(name, roles.New(), cfg)
	}
	if err != nil {
		return nil, err
	}
	return &conformance.Session{Extension: x, Call: x.Call, Event: x.Event, Close: x.Close}, nil
}
