package scope_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/scope"
)

// exported lists the package's functions, and the methods of what works on a
// scope: "Resolve", "Scope.Release".
func exported(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	var out []string
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			if fn.Recv == nil {
				out = append(out, fn.Name.Name)
			} else if on := receiver(fn.Recv.List[0].Type); slices.Contains([]string{"Scope", "Accessor", "Controller", "Pool"}, on) {
				out = append(out, on+"."+fn.Name.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// TestEverythingAnswersErrClosedAfterDispose has a line for each function and
// method of the package that has to do with a scope, and finds new ones.
func TestEverythingAnswersErrClosedAfterDispose(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var control *scope.Controller
	a := scope.Provide(func(_ context.Context, c *scope.Controller) (int, error) {
		control = c
		return 1, nil
	}, scope.Name("a"))
	pool := scope.ProvidePool(scope.PoolConfig[string]{}, func(context.Context, *scope.Controller, string) (int, error) { return 1, nil })
	tag := scope.NewTag(scope.TagConfig[int]{Label: "t"})
	s := newScopeOf(t, scope.Config{Name: "over", Tags: []scope.Tagged{tag.Of(1)}, Registry: []scope.AnyExecutor{a}})
	fresh := scope.Value(1)
	mustResolve(t, s, a)
	acc := scope.Access(s, a)
	var heard int
	open, err := s.NewContext(ctx, scope.ContextConfig{})
	require.NoError(t, err)
	inside := open.Context()
	step := func(context.Context) (int, error) { heard++; return 1, nil }
	flow := scope.NewFlow(scope.Definition{Name: "f"}, func(ctx context.Context, _ int) (int, error) { return step(ctx) })
	require.NoError(t, s.Dispose(ctx))

	same := func(n int) (int, error) { return n, nil }
	closed := map[string][]func() error{
		"Resolve":                 {func() error { _, err := scope.Resolve(ctx, s, a); return err }, func() error { _, err := scope.Resolve(ctx, s, fresh); return err }},
		"Reload":                  {func() error { _, err := scope.Reload(ctx, s, a); return err }},
		"Update":                  {func() error { return scope.Update(ctx, s, a, same) }, func() error { return scope.Update(ctx, s, fresh, same) }},
		"Set":                     {func() error { return scope.Set(ctx, s, a, 2) }},
		"Accessor.Resolve":        {func() error { _, err := acc.Resolve(ctx); return err }},
		"Accessor.Reload":         {func() error { _, err := acc.Reload(ctx); return err }},
		"Accessor.Get":            {func() error { _, err := acc.Get(); return err }, func() error { _, err := scope.Access(s, fresh).Get(); return err }},
		"Accessor.Set":            {func() error { return acc.Set(ctx, 2) }},
		"Accessor.Update":         {func() error { return acc.Update(ctx, same) }},
		"Accessor.Release":        {func() error { return acc.Release(ctx) }},
		"Controller.Release":      {func() error { return control.Release(ctx) }},
		"Controller.Reload":       {func() error { return control.Reload(ctx) }},
		"Pool.Release":            {func() error { pool.Of("k"); return pool.Release(ctx, s) }},
		"Scope.ResolveAny":        {func() error { _, err := s.ResolveAny(ctx, a); return err }},
		"Scope.SetAny":            {func() error { return s.SetAny(ctx, a, 2) }},
		"Scope.Release":           {func() error { return s.Release(ctx, a) }},
		"Scope.ReleaseIfResolved": {func() error { return s.ReleaseIfResolved(ctx, a) }},
		"Scope.UseExtension":      {func() error { _, err := s.UseExtension(ctx, named("late")); return err }},
		"Run":                     {func() error { _, err := scope.Run(ctx, s, flow, 1); return err }},
		"RunWith":                 {func() error { _, err := scope.RunWith(ctx, s, scope.RunConfig{}, flow, 1); return err }},
		"Start":                   {func() error { _, err := scope.Start(ctx, s, scope.RunConfig{}, flow, 1).Result(ctx); return err }},
		"Scope.NewContext":        {func() error { _, err := s.NewContext(ctx, scope.ContextConfig{}); return err }},
		"Scope.Pod":               {func() error { _, err := s.Pod(ctx, scope.PodConfig{}); return err }},
		"Exec":                    {func() error { _, err := scope.Exec(inside, flow, 1); return err }},
		"ExecWith":                {func() error { _, err := scope.ExecWith(inside, scope.ExecConfig{}, flow, 1); return err }},
	}
	for name, uses := range closed {
		for _, use := range uses {
			err := use()
			require.ErrorIs(t, err, scope.ErrClosed, name)
		}
	}

	// These only read, or register what is never called.
	reads := map[string]func(){
		"Access":            func() { require.Equal(t, scope.None, scope.Access(s, a).Lookup().State) },
		"Accessor.Executor": func() { require.Same(t, a, acc.Executor()) },
		"Accessor.Lookup":   func() { require.Equal(t, scope.Lookup[int]{}, acc.Lookup()) },
		"Accessor.OnUpdate": func() { acc.OnUpdate(func(context.Context, int) { heard++ })() },
		"OnUpdate":          func() { scope.OnUpdate(s, a, func(context.Context, int) { heard++ }) },
		"Controller.Scope":  func() { require.Same(t, s, control.Scope()) },
		"Controller.Context": func() {
			require.Error(t, control.Context().Err())
		},
		"Controller.Cleanup": func() { // the value is gone: at once
			ran := false
			control.Cleanup(func(context.Context) error { ran = true; return nil })
			require.True(t, ran)
		},
		"Scope.Dispose":             func() { require.NoError(t, s.Dispose(ctx)) },
		"Scope.Entries":             func() { require.Empty(t, s.Entries()) },
		"Scope.Extensions":          func() { require.Empty(t, s.Extensions()) },
		"Scope.Executor":            func() { require.Same(t, a, s.Executor(a.ID())) },
		"Scope.ExecutorNamed":       func() { require.Same(t, a, s.ExecutorNamed("a")) },
		"Scope.RegisteredExecutors": func() { require.Len(t, s.RegisteredExecutors(), 1) },
		"Scope.Every":               func() { s.Every(time.Nanosecond, func(context.Context) { heard++ }) },
		"Scope.Get":                 func() { require.Nil(t, s.Get("k")) },
		"Scope.Set":                 func() { s.Set("k", nil) },
		"Scope.ID":                  func() { require.NotZero(t, s.ID()) },
		"Scope.Name":                func() { require.Equal(t, "over", s.Name()) },
		"Scope.Lookup":              func() { require.Equal(t, scope.Lookup[any]{}, s.Lookup(a)) },
		"Scope.Tags":                func() { require.Len(t, s.Tags(), 1) },
		"Scope.Ready":               func() { require.NoError(t, s.Ready(ctx)) },
		"Scope.OnChange": func() {
			s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { heard++; return nil, nil })
		},
		"Scope.OnRelease": func() { s.OnRelease(func(context.Context, scope.AnyExecutor) { heard++ }) },
		"Scope.OnUpdate":  func() { s.OnUpdate(func(context.Context, scope.AnyExecutor, any) { heard++ }) },
		"Scope.OnExecutorChange": func() {
			s.OnExecutorChange(a, func(context.Context, scope.Change) (*scope.Preset, error) { heard++; return nil, nil })
		},
		"Scope.OnExecutorRelease": func() { s.OnExecutorRelease(a, func(context.Context, scope.AnyExecutor) { heard++ }) },
		"Scope.OnError":           func() { s.OnError(func(context.Context, error, scope.AnyExecutor, *scope.Scope) { heard++ }) },
		"Scope.OnExecutorError": func() {
			s.OnExecutorError(a, func(context.Context, error, scope.AnyExecutor, *scope.Scope) { heard++ })
		},
	}
	for _, read := range reads {
		read()
	}
	for _, uses := range closed { // once more, with callbacks there
		_ = uses[0]()
	}
	require.Zero(t, heard)

	// What has nothing to do with a scope's being there; steps of a context
	// that is open are that context's.
	other := []string{"Step", "StepWith", "Parallel", "ParallelSettled", "ExecuteParallel", "Current", "IsExecution", "IsLifecycle", "NewFlow", "NewKey", "Serve", "Attached", "Ok", "Ko",
		"Scope.Data", "New", "Pool.Of", "Provide", "ProvidePool", "DerivePool", "Value", "From", "NewTag", "Name", "ExecutorName", "BuildDependencyChain",
		"IsResolve", "Derive", "Derive2", "Derive3", "DeriveMany", "DeriveNamed", "DeriveFlow", "DeriveFlow2"}
	for _, name := range exported(t) {
		_, isClosed := closed[name]
		_, isRead := reads[name]
		if isClosed || isRead || slices.Contains(other, name) {
			continue
		}
		t.Errorf("%s has no line here", name)
	}
}
