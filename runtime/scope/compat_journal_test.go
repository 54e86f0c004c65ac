package scope_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen2JournalRows = []row{
	{id: "G2-B36", at: all, test: journalReplays,
		does: "A keyed execution is journalled in the context it runs in, as flow:depth:key, unknown without a flow. A later one with that key there gives the raw outcome without running, a nil or an error too; wraps stand around it all the same"},
	{id: "G2-B37", at: all, test: journalKeys, absent: bug,
		does: "Flows and steps share the keys. Two at once with one key both run; \"\" is no key; any other text is one, and the operation has it as it was given"},
	{id: "G2-B38", at: all, test: journalResets,
		does: "ResetJournal forgets the entries that contain a text, all with \"\""},
}

func journalReplays(t *testing.T, c scope.Compat) {
	wraps := 0
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		runs := 0
		keyed := func(key string, err error) (*int, error) {
			return scope.StepWith(ctx, scope.ExecConfig{Key: key}, func(context.Context) (*int, error) { runs++; return nil, err })
		}
		for range 3 {
			v, err := keyed("nothing", nil)
			require.NoError(t, err)
			require.Nil(t, v)
		}
		require.Equal(t, 1, runs)
		for range 3 {
			_, err := keyed("bad", errBoom)
			require.Equal(t, errBoom, err)
		}
		require.Equal(t, 2, runs)
		require.ElementsMatch(t, []string{"f:0:nothing", "f:0:bad"}, scope.Current(ctx).Journal())
		child := flowOf("child", func(ctx context.Context, _ int) (int, error) {
			_, err := scope.StepWith(ctx, scope.ExecConfig{Key: "nothing"}, func(context.Context) (int, error) { runs++; return 1, nil })
			require.Equal(t, []string{"child:1:nothing"}, scope.Current(ctx).Journal())
			return 0, err
		})
		_, err := scope.Exec(ctx, child, 0)
		require.Equal(t, 3, runs)
		return 0, err
	})
	_, err := watched(t, c, f, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Key != "" {
			wraps++
		}
		return next(ctx)
	})
	require.NoError(t, err)
	require.Equal(t, 7, wraps)

	open, err := newScope(t, c).NewContext(t.Context(), scope.ContextConfig{})
	require.NoError(t, err)
	_, err = scope.StepWith(open.Context(), scope.ExecConfig{Key: "k"}, func(context.Context) (int, error) { return 1, nil })
	require.NoError(t, err)
	require.Equal(t, []string{"unknown:0:k"}, open.Journal())

	// What is journalled is raw: each replay is wrapped anew.
	v, err := watched(t, c, flowOf("f", func(ctx context.Context, _ int) (n int, err error) {
		for range 3 {
			n, err = scope.StepWith(ctx, scope.ExecConfig{Key: "k"}, func(context.Context) (int, error) { return 10, nil })
		}
		return n, err
	}), 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		if op.Key == "k" {
			return v.(int) * 2, err
		}
		return v, err
	})
	require.NoError(t, err)
	require.Equal(t, 20, v)
}

func journalKeys(t *testing.T, c scope.Compat) {
	var keys []string
	f := flowOf("a:b", func(ctx context.Context, _ int) (int, error) {
		runs := 0
		child := flowOf("child", func(context.Context, int) (int, error) { runs++; return 5, nil })
		step := func(key string) int {
			v, err := scope.StepWith(ctx, scope.ExecConfig{Key: key}, func(context.Context) (int, error) { runs++; return runs, nil })
			require.NoError(t, err)
			return v
		}
		v, err := scope.ExecWith(ctx, scope.ExecConfig{Key: "k"}, child, 0)
		require.NoError(t, err)
		require.Equal(t, v, step("k"))
		require.Equal(t, 1, runs)
		step("")
		step("")
		require.Equal(t, 3, runs)
		for _, key := range []string{"x:y:z", ":", "\x00", "ü 世", "k k"} {
			require.Equal(t, step(key), step(key))
		}
		require.Equal(t, 8, runs)

		var met sync.WaitGroup
		met.Add(2)
		meet := func(ctx context.Context) (int, error) {
			return scope.StepWith(ctx, scope.ExecConfig{Key: "both"}, func(context.Context) (int, error) { met.Done(); met.Wait(); return 1, nil })
		}
		_, err = scope.Parallel(ctx, meet, meet)
		return 0, err
	})
	var mu sync.Mutex
	_, err := watched(t, c, f, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		mu.Lock()
		keys = append(keys, op.Key)
		mu.Unlock()
		return next(ctx)
	})
	require.NoError(t, err)
	for _, key := range []string{"x:y:z", ":", "\x00", "ü 世", "k k"} {
		require.Contains(t, keys, key)
	}
}

func journalResets(t *testing.T, c scope.Compat) {
	runIn(t, newScope(t, c), func(ctx context.Context) {
		runs := 0
		step := func(key string) {
			_, err := scope.StepWith(ctx, scope.ExecConfig{Key: key}, func(context.Context) (int, error) { runs++; return 1, errors.ErrUnsupported })
			require.Error(t, err)
		}
		all := func() {
			for _, k := range []string{"pay-1", "pay-2", "mail"} {
				step(k)
			}
		}
		all()
		all()
		require.Equal(t, 3, runs)
		here := scope.Current(ctx)
		here.ResetJournal("pay-")
		require.Equal(t, []string{"root:0:mail"}, here.Journal())
		all()
		require.Equal(t, 5, runs)
		here.ResetJournal("")
		require.Empty(t, here.Journal())
		all()
		require.Equal(t, 8, runs)
	})
}
