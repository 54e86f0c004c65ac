package scope_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen2TagRows = []row{
	{id: "G2-B61", at: all, test: operationContextHasTags,
		does: "The context of an operation is the execution context. A tag is found in its own, then in those around it, then in the scope's, then by default; Get fails without"},
	{id: "G2-B62", at: all, test: tagsAreSeenWhereverTheyWereSet, absent: bug,
		does: "A tag that was put on a context by its code is seen by extensions like one that the execution or the scope began with"},
	{id: "G2-B63", at: all, test: dataIsInherited,
		does: "Data of any key can be set and read through the operation's context, and children inherit it"},
	{id: "G2-B64", at: all, test: dataIsNoTag,
		does: "Data and tags are apart: Set stores data, whatever the key, and SetTag a tag"},
	{id: "G2-B65", at: all, test: extensionsTagsReachTheHandler,
		does: "A tag that an extension sets before next is seen by the handler, the flow's own tag dependencies, and what it executes; not by executors, which read the scope's tags"},
	{id: "G2-B66", at: all, test: executionTagsOverride,
		does: "Tags of an execution come before those of the scope; children inherit them and may have others. Those of a flow's definition are not in its context"},
	{id: "G2-B67", at: all, test: tagsAreReadByCarrier,
		does: "A tag has a label, a default and a check. Get, Find and All read it from an executor or a scope: Get fails without a value, Find gives the default. A value that the check refuses makes its carrier unusable. What was a wrong type of target does not compile"},
}

var region = scope.NewTag(scope.TagConfig[string]{Label: "region"})

func operationContextHasTags(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	size, fallback := scope.NewTag(scope.TagConfig[int]{Label: "size"}), 7
	other := scope.NewTag(scope.TagConfig[int]{Label: "other", Default: &fallback})
	looked := 0
	s := newScopeOf(t, scope.Config{Compat: c, Tags: []scope.Tagged{region.Of("scope's")}, Extensions: []aril.Extension{
		executes("w", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
			looked++
			v, err := region.Get(op.Context)
			require.NoError(t, err)
			require.Equal(t, "scope's", v)
			n, err := size.Get(op.Context)
			require.NoError(t, err)
			require.Equal(t, 3, n)
			n, err = other.Get(op.Context)
			require.NoError(t, err)
			require.Equal(t, 7, n)
			_, err = scope.NewTag(scope.TagConfig[int]{Label: "none"}).Get(op.Context)
			require.ErrorIs(t, err, scope.ErrNoTag)
			return next(ctx)
		})}})
	child := adds("child", 1)
	_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Tags: []scope.Tagged{size.Of(3)}},
		flowOf("root", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, child, 1) }), 0)
	require.NoError(t, err)
	require.Equal(t, 2, looked)
}

func tagsAreSeenWhereverTheyWereSet(t *testing.T, c scope.Compat) {
	var got []string
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		require.NoError(t, scope.Current(ctx).SetTag(region.Of("handler's")))
		return scope.Step(ctx, func(context.Context) (int, error) { return 1, nil })
	})
	_, err := watched(t, c, root, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		v, _ := region.Find(op.Context)
		got = append(got, op.Name+" "+v)
		return next(ctx)
	})
	require.NoError(t, err)
	require.Equal(t, []string{"root ", "fn handler's"}, got)
}

func dataIsInherited(t *testing.T, c scope.Compat) {
	child := flowOf("child", func(ctx context.Context, _ int) (int, error) {
		require.Equal(t, "v", scope.Current(ctx).Get("k"))
		return 1, nil
	})
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, child, 0) })
	_, err := watched(t, c, root, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Name == "root" {
			op.Context.Set("k", "v")
		}
		require.Equal(t, "v", op.Context.Get("k"))
		return next(ctx)
	})
	require.NoError(t, err)
}

func dataIsNoTag(t *testing.T, c scope.Compat) {
	runIn(t, newScope(t, c), func(ctx context.Context) {
		here := scope.Current(ctx)
		here.Set(region, "data")
		_, ok := region.Find(here)
		require.False(t, ok)
		require.NoError(t, here.SetTag(region.Of("tag")))
		v, _ := region.Find(here)
		require.Equal(t, "tag", v)
		require.Equal(t, "data", here.Get(region))
	})
}

func extensionsTagsReachTheHandler(t *testing.T, c scope.Compat) {
	seen := scope.Derive(region.Optional(), func(_ context.Context, _ *scope.Controller, v *string) (bool, error) { return v != nil, nil })
	child := scope.DeriveFlow2(scope.Definition{Name: "child"}, region.Required(), seen, func(ctx context.Context, own string, byExecutor bool, _ int) (int, error) {
		require.Equal(t, "extension's", own)
		require.False(t, byExecutor)
		v, err := region.Get(scope.Current(ctx))
		require.Equal(t, "extension's", v)
		return 0, err
	})
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		v, err := region.Get(scope.Current(ctx))
		require.NoError(t, err)
		require.Equal(t, "extension's", v)
		byExecutor, err := scope.Resolve(ctx, scope.Current(ctx).Scope(), seen)
		require.NoError(t, err)
		require.False(t, byExecutor)
		return scope.Exec(ctx, child, 0)
	})
	_, err := watched(t, c, root, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Name == "root" {
			require.NoError(t, op.Context.SetTag(region.Of("extension's")))
		}
		return next(ctx)
	})
	require.NoError(t, err)
}

func executionTagsOverride(t *testing.T, c scope.Compat) {
	tr := &trace{}
	note := func(ctx context.Context, _ int) (int, error) {
		v, ok := region.Find(scope.Current(ctx))
		tr.add("%s %v", v, ok)
		return 0, nil
	}
	leaf := scope.NewFlow(scope.Definition{Name: "leaf", Tags: []scope.Tagged{region.Of("definition's")}}, note)
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		_, _ = note(ctx, 0)
		_, err := scope.Exec(ctx, leaf, 0)
		require.NoError(t, err)
		_, err = scope.ExecWith(ctx, scope.ExecConfig{Tags: []scope.Tagged{region.Of("child's")}}, leaf, 0)
		require.NoError(t, err)
		return note(ctx, 0)
	})
	s := newScopeOf(t, scope.Config{Compat: c, Tags: []scope.Tagged{region.Of("scope's")}})
	mustRun(t, s, root, 0)
	require.Equal(t, []string{"scope's true", "scope's true", "child's true", "scope's true"}, tr.take())
	_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Tags: []scope.Tagged{region.Of("execution's")}}, root, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"execution's true", "execution's true", "child's true", "execution's true"}, tr.take())
	mustRun(t, newScope(t, c), leaf, 0)
	require.Equal(t, []string{" false"}, tr.all())
}

func tagsAreReadByCarrier(t *testing.T, c scope.Compat) {
	fallback := 3
	size := scope.NewTag(scope.TagConfig[int]{Label: "size", Default: &fallback, Validate: func(n int) error {
		if n < 0 {
			return errBoom
		}
		return nil
	}})
	bare := scope.NewTag(scope.TagConfig[string]{Label: "bare"})
	a := scope.Value(1, size.Of(5), size.Of(6))
	s := newScopeOf(t, scope.Config{Compat: c, Tags: []scope.Tagged{bare.Of("x")}})

	for _, tc := range []struct {
		on   scope.Carrier
		want int
		all  []int
	}{{a, 5, []int{5, 6}}, {s, 3, nil}, {scope.Value(1), 3, nil}} {
		v, ok := size.Find(tc.on)
		require.True(t, ok)
		require.Equal(t, tc.want, v)
		v, err := size.Get(tc.on)
		require.NoError(t, err)
		require.Equal(t, tc.want, v)
		require.Equal(t, tc.all, size.All(tc.on))
	}
	_, ok := bare.Find(a)
	require.False(t, ok)
	_, err := bare.Get(a)
	require.ErrorIs(t, err, scope.ErrNoTag)
	require.ErrorContains(t, err, `"bare"`)
	require.Equal(t, "size", a.Tags()[0].Label())
	require.Equal(t, 5, a.Tags()[0].Value())

	_, err = scope.Resolve(t.Context(), s, scope.Value(1, size.Of(-1)))
	require.ErrorIs(t, err, errBoom)
	_, err = scope.New(t.Context(), scope.Config{Compat: c, Tags: []scope.Tagged{size.Of(-1)}})
	require.ErrorIs(t, err, errBoom)

	type seen struct {
		required string
		optional *int
		every    []int
	}
	e := scope.Derive3(bare.Required(), scope.NewTag(scope.TagConfig[int]{}).Optional(), size.Every(),
		func(_ context.Context, _ *scope.Controller, r string, o *int, all []int) (seen, error) {
			return seen{r, o, all}, nil
		})
	require.Equal(t, seen{required: "x"}, mustResolve(t, s, e))
}
