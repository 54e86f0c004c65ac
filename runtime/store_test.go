package runtime_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// TestAStoreIsSharedByPipelinesEventsAndCalls runs programs of the probe, see
// hostile_program_test.go: level 2 is the scope.
func TestAStoreIsSharedByPipelinesEventsAndCalls(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("../testdata/hostile/probe.wasm")
	require.NoError(t, err)
	p, err := newProbe(code)
	require.NoError(t, err)
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	guest := func(name string) *aril.Guest {
		g, err := rt.Load(t.Context(), code, aril.ExtensionConfig{Name: name, Limits: aril.Limits{ContextKeys: 1}, Grants: aril.Grants{Capabilities: []aril.Capability{aril.State}}})
		require.NoError(t, err)
		return g
	}
	g, other := guest("g"), guest("other")
	run := func(f func(program []byte) (any, error), lines ...string) {
		t.Helper()
		program, steps, err := p.encode(forRest, lines)
		require.NoError(t, err)
		got, err := f(program)
		require.NoError(t, err)
		results, _ := got.([]byte)
		require.NoError(t, compare(steps, results))
	}
	wrap := func(p *aril.Pipeline) func([]byte) (any, error) {
		return func(program []byte) (any, error) {
			return p.Do(t.Context(), aril.Operation{Kind: "test", Name: "op", Params: program}, program, func(context.Context, any) (any, error) {
				return nil, errors.New("the program answers")
			})
		}
	}
	event := func(s *aril.Store) func([]byte) (any, error) {
		return func(program []byte) (any, error) {
			got, _, err := g.Event(t.Context(), aril.Event{Type: "tick", Data: program, Store: s})
			return got, err
		}
	}
	call := func(s *aril.Store) func([]byte) (any, error) {
		return func(program []byte) (any, error) { return g.CallIn(t.Context(), s, "m", program) }
	}
	const (
		set    = "aril_v1.context_set(2, 'key', x'c3') = OK"
		found  = "aril_v1.context_get(2, 'key', 0, 0) = OK 1"
		absent = "aril_v1.context_get(2, 'key', 0, 0) = NOT_FOUND"
	)
	store := &aril.Store{}
	run(wrap(aril.NewPipelineIn(store, g)), absent, set, found)
	run(wrap(aril.NewPipelineIn(store, g)), found)
	run(event(store), found)
	run(call(store), found)
	run(wrap(aril.NewPipelineIn(store, other)), absent)
	run(wrap(aril.NewPipeline(g)), absent)
	run(event(nil), absent, set, found)
	run(event(nil), absent)
	run(call(nil), absent)

	run(wrap(aril.NewPipelineIn(store, other)), set)
	store.Forget(g)
	run(call(store), absent, set, found)
	run(wrap(aril.NewPipelineIn(store, other)), found)
}
