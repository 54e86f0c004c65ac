package guesttest

import (
	"context"
	"testing"

	"github.com/aril-wasm/aril/runtime/scope"
)

// Scope makes a scope that the extension is attached to, outermost of its
// extensions, and waits until it is ready. It is disposed of when the test
// ends, if not before. A scope that the extension refuses ends the test.
//
//	s := h.Scope(t, scope.Config{Registry: []scope.AnyExecutor{config}})
//	_, err := scope.Resolve(t.Context(), s, config)
//
// Here the clock is the real one, natively too.
func (h *Harness) Scope(t testing.TB, cfg scope.Config) *scope.Scope {
	t.Helper()
	s, err := h.OpenScope(t, cfg)
	if err != nil {
		t.Fatalf("attaching the extension: %v", err)
	}
	return s
}

// OpenScope is Scope, but gives the error with which the extension refused the
// scope.
func (h *Harness) OpenScope(t testing.TB, cfg scope.Config) (*scope.Scope, error) {
	t.Helper()
	x, err := h.extension()
	if err != nil {
		return nil, err
	}
	s, err := scope.New(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = s.Dispose(context.Background()) })
	if _, err := s.UseExtension(context.Background(), x); err != nil {
		return nil, err
	}
	return s, s.Ready(context.Background())
}
