package js_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	js "github.com/aril-wasm/aril/guest-sdk/js"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// adapted loads an extension in the shapes of module "aril/compat". The
// module comes in front of it, as a bundler puts it.
func adapted(t *testing.T, name, extension string) (*aril.Guest, *scope.Scope) {
	t.Helper()
	script := strings.ReplaceAll(js.Compat, "\nexport ", "\n") + "\nexport default adapt(" + extension + ")"
	g := load(t, script, aril.ExtensionConfig{Name: name, Isolation: aril.Single, Grants: granted(scope.Capability)})
	s, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{g}})
	require.NoError(t, err)
	require.NoError(t, s.Ready(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Dispose(context.Background())) })
	return g, s
}

func call(t *testing.T, g *aril.Guest, method string, args ...any) any {
	t.Helper()
	v, err := g.Call(t.Context(), method, args)
	require.NoError(t, err)
	return v
}

func TestAnIntervalOfAScopeGoesOnBetweenActivations(t *testing.T) {
	t.Parallel()
	g, _ := adapted(t, "ticker", `({
		name: "Ticker", n: 0,
		init() { const stop = setInterval((by) => { this.n += by; if (this.n >= 6) clearInterval(stop) }, 10, 2) },
		count() { return this.n },
	})`)
	require.Eventually(t, func() bool { return call(t, g, "count") == int64(6) }, 10*time.Second, 20*time.Millisecond)
	require.Never(t, func() bool { return call(t, g, "count") != int64(6) }, 60*time.Millisecond, 15*time.Millisecond, "it was cleared")
}

func TestListenersOfAScopeComeAndGo(t *testing.T) {
	t.Parallel()
	g, s := adapted(t, "listener", `({
		name: "listener", seen: [],
		init(scope) {
			this.scope = scope;
			this.remove = scope.onChange((event, executor, value) => { this.seen.push("1 " + event + " " + name.find(executor) + " " + value) });
			scope.onChange((event, executor) => { this.seen.push("2 " + (executor === scope.registeredExecutors()[0] || executor.name)) });
			scope.onRelease((executor) => { this.seen.push("released " + executor.name) });
			scope.onError((error, executor) => { this.seen.push("failed " + executor.name) });
		},
		wrap: (scope, next, operation) => next().map((v) => v + 1).mapError((e) => { throw e }),
		once() { this.remove() },
		look(name_) {
			const [executor, accessor] = this.scope.entries().find(([e]) => name.find(e) === name_);
			this.scope.set("kept", accessor);
			return [accessor.lookup().kind, accessor.get(), this.scope.get("kept") === accessor];
		},
		async set(name_, v) {
			const [executor] = this.scope.entries().find(([e]) => name.find(e) === name_);
			return [await this.scope.update(executor, (was) => was + v), await this.scope.resolve(executor)];
		},
		all() { return this.seen },
	})`)
	config := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 1, nil }, scope.Name("config"))
	n, err := scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []any{"resolved", int64(1), true}, call(t, g, "look", "config"))
	call(t, g, "once")
	require.Equal(t, []any{int64(11), int64(12)}, call(t, g, "set", "config", 10))
	require.NoError(t, s.Release(t.Context(), config))
	broken := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errBusy }, scope.Name("broken"))
	_, err = scope.Resolve(t.Context(), s, broken)
	require.ErrorIs(t, err, errBusy)
	require.Equal(t, []any{"1 resolve config 1", "2 config", "2 config", "released config", "failed broken"}, call(t, g, "all"))
}
