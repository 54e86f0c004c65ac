package conformance

import (
	"context"
	"log/slog"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// A Subject is what is tested: something that can be loaded again and again,
// once for each case. [Module] makes one of a .wasm file.
type Subject interface {
	// Open loads the extension. An error with which its init refused is an
	// [*aril.Error].
	Open(ctx context.Context, s Setup) (*Session, error)

	// Sandboxed reports whether limits hold for it and memory is set back.
	Sandboxed() bool
}

// A Setup is what surrounds the extension in one case.
type Setup struct {
	// As in [aril.ExtensionConfig].
	Config    any
	Isolation aril.Isolation
	Powers    aril.Powers
	Limits    aril.Limits

	// Grants are import modules; nil is the default, which is those of
	// [aril.Grants] and State.
	Grants []string

	// Functions are the embedder's, by module and name:
	// "acme_stock_v1.reserve".
	Functions map[string]Function

	// State is what the extension keeps.
	State state.State

	// Logger gets what it logs: its attributes in the group "guest", as a
	// runtime does it.
	Logger *slog.Logger

	// Observe is told of each wrap, if the subject has figures of it.
	Observe func(*aril.Report)
}

// A Function answers calls of a function that the host program offers.
type Function = func(ctx context.Context, argument any) (any, error)

// A Session is an extension that was loaded for one case. Its functions may be
// called from many goroutines at once, but for Close, which comes last.
type Session struct {
	// Extension is what operations are wrapped by.
	Extension aril.Extension

	// Call calls a method, as [aril.Guest.Call] does.
	Call func(ctx context.Context, method string, args any) (any, error)

	// Event tells of an event, as [aril.Guest.Event] does.
	Event func(ctx context.Context, e aril.Event) (answer any, answered bool, err error)

	// Close disposes of the extension.
	Close func(ctx context.Context) error

	pipeline *aril.Pipeline
}

// NewSession completes a session, so that steps can be done with it. It panics
// when the extension is nil, as [aril.NewPipeline] does.
func NewSession(s *Session) *Session {
	s.pipeline = aril.NewPipeline(s.Extension)
	return s
}
