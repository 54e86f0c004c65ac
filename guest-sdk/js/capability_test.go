package js_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func granted(c ...aril.Capability) aril.Grants { return aril.Grants{Capabilities: c} }

func TestFetchHasTheShapeOfABrowsers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Two", "1")
		w.Header().Add("X-Two", "2")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"got": "` + r.Method + " " + r.Header.Get("X-A") + " " + string(body) + `"}`))
	}))
	t.Cleanup(server.Close)
	web, err := aril.HTTP(aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: server.URL}}})
	require.NoError(t, err)
	script := wrapping(`async wrap(op) {
		try {
			const r = await fetch(op.input, { method: "PUT", headers: { "x-a": "b" }, body: "c", timeout: 5000 });
			return [r.ok, r.status, r.headers.get("X-Two"), (await r.json()).got, await r.text()];
		} catch (e) { return e.code }
	}`)
	g := load(t, script, aril.ExtensionConfig{Grants: granted(web)})
	v, err := through(t, g, server.URL+"/x", echo)
	require.NoError(t, err)
	require.Equal(t, []any{true, int64(201), "1, 2", "PUT b c", `{"got": "PUT b c"}`}, v)
	v, err = through(t, g, "http://other.example/", echo)
	require.NoError(t, err)
	require.Equal(t, "denied_host", v)
	v, err = through(t, load(t, script, aril.ExtensionConfig{}), server.URL, echo)
	require.NoError(t, err)
	require.Equal(t, "denied", v)
}

func TestAnExtensionInAScopeHearsOfItAndActs(t *testing.T) {
	t.Parallel()
	g := load(t, `import { state } from "aril";
		const tell = (...what) => state.update("heard", (all = []) => [...all, what.join(" ")]);
		export default {
			attach(scope, e) { tell("attach", scope.name, e.event); scope.onChange("config"); scope.onRelease(); scope.every(10) },
			start(scope) { tell("start", scope.id > 0) },
			detach() { tell("detach") },
			tick(e) { if (!state.get("ticked")) { state.set("ticked", true); tell("tick", e.every, e.missed >= 0); e.scope.unsubscribe(e.subscription) } },
			change(e) { tell("change", e.change, e.executor.name, e.value); if (e.value === 2) return 20 },
			released(e) { tell("released", e.executor.name) },
			onError(error, e) { tell("error", e.executor.name, error instanceof Error) },
			wrapResolve(op, next) {
				const before = op.executor.lookup();
				tell("resolve", op.executor.name, op.params.operation, before.state);
				return next();
			},
			methods: {
				heard: () => state.get("heard"),
				update({ scope, value }) {
					const s = new aril.Scope(scope), config = s.executor("config");
					config.update(value);
					return [config.lookup().value, config.resolve(), [...s.entries({ values: true })].length];
				},
			},
		}`, aril.ExtensionConfig{Name: "insider", Grants: granted(aril.State, scope.Capability)})
	s, err := scope.New(t.Context(), scope.Config{Name: "main", Extensions: []aril.Extension{g}})
	require.NoError(t, err)
	require.NoError(t, s.Ready(t.Context()))
	config := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 1, nil }, scope.Name("config"))
	n, err := scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, scope.Update(t.Context(), s, config, func(int) (int, error) { return 2, nil }))
	n, err = scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.Equal(t, 20, n, "what change answered")
	updated, err := g.Call(t.Context(), "update", map[string]any{"scope": s.ID(), "value": 5})
	require.NoError(t, err)
	require.Equal(t, []any{int64(5), int64(5), int64(1)}, updated)
	broken := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errBusy }, scope.Name("broken"))
	_, err = scope.Resolve(t.Context(), s, broken)
	require.Error(t, err)
	require.NoError(t, s.Release(t.Context(), config))
	heard := func() []any {
		v, err := g.Call(t.Context(), "heard", nil)
		require.NoError(t, err)
		return v.([]any)
	}
	require.Eventually(t, func() bool {
		for _, line := range heard() {
			if line == "tick 10000000 true" {
				return true
			}
		}
		return false
	}, 5*time.Second, 20*time.Millisecond)
	require.NoError(t, s.Dispose(t.Context()))
	all := heard()
	for _, line := range []any{"attach main attach", "start true", "resolve config resolve none", "change resolve config 1", "resolve config update resolved", "change update config 2", "error broken true", "released config", "detach"} {
		require.Contains(t, all, line)
	}
}

func TestAWrapAndANarrowerOneNest(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`
		wrap(op, next) { return next(op.input + "a").then((v) => v + "z") },
		wrapExecute(op, next) { return next(op.input === "" ? undefined : "b").then((v) => v + "y") },`), aril.ExtensionConfig{})
	v, err := through(t, g, "x", echo)
	require.NoError(t, err)
	require.Equal(t, "byz", v)
	v, err = through(t, g, "", echo)
	require.NoError(t, err)
	require.Equal(t, "ayz", v)
	g = load(t, wrapping(`wrap(op, next) { return next() }, wrapExecute() {}`), aril.ExtensionConfig{})
	o := &unreadable{}
	v, err = through(t, g, o, echo)
	require.NoError(t, err)
	require.Same(t, o, v)
}
