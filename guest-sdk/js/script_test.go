package js_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

func TestAScriptThatDoesNotLoadSaysWhy(t *testing.T) {
	t.Parallel()
	for script, why := range map[string]string{
		"export default {\n wrap( {\n}":                                                 "SyntaxError: ",
		"\nconst x = 1;\nx.y.z();\nexport default {}":                                   "script.js:3",
		"import x from 'lodash'; export default {}":                                     `cannot import "lodash": a script comes in one piece`,
		"export const a = 1":                                                            "the script has no extension",
		"export default 7":                                                              "the script has no extension",
		"export default { init() { throw new Error('no') } }":                           "no",
		"export default { async init() {\n await null;\n throw new TypeError('no') } }": "TypeError: no (script.js:3)",
		"export default {}; eval('1')":                                                  "eval is not supported",
		"export default {}; new Function('return 1')":                                   "eval is not supported",
		"export default {}; crypto.getRandomValues(new Uint8Array(1))":                  "random: phase",
		"export default { init() { return new Promise(() => {}) } }":                    "the promise of init waits for something that nothing will do",
		"": "the module was loaded without one",
	} {
		_, err := tryLoad(t, script, aril.ExtensionConfig{})
		require.ErrorContains(t, err, why, script)
	}
}

func TestAnExtensionIsAnObjectAClassOrWhatAFunctionMakes(t *testing.T) {
	t.Parallel()
	for _, script := range []string{
		`export default { n: 0, init(config) { this.n = config.n }, wrap() { return this.n } }`,
		`export default class { constructor(config) { this.n = config.n } wrap() { return this.n } }`,
		`export default function ({ n }) { return { wrap: () => n } }`,
		`export default ({ n }) => ({ wrap: () => n })`,
		`export default async ({ n }) => ({ wrap: () => n })`,
		`import aril, { sleep } from "aril"; if (sleep !== aril.sleep || sleep !== globalThis.aril.sleep) throw 1; export default ({ n }) => ({ wrap: () => n })`,
	} {
		v, err := through(t, load(t, script, aril.ExtensionConfig{Config: map[string]any{"n": 3}}), nil, echo)
		require.NoError(t, err)
		require.EqualValues(t, 3, v, script)
	}
	v, err := through(t, load(t, `export default (config) => ({ wrap: () => config })`, aril.ExtensionConfig{}), nil, echo)
	require.NoError(t, err)
	require.Equal(t, map[string]any{}, v, "no configuration is an empty one")
}

func TestFreshOperationsBeginAnewAndDrawDifferently(t *testing.T) {
	t.Parallel()
	g := load(t, `let n = 0; const frozen = Math.random(); export default { wrap: () => [++n, frozen, Math.random(), crypto.randomUUID()] }`, aril.ExtensionConfig{})
	first, err := through(t, g, nil, echo)
	require.NoError(t, err)
	second, err := through(t, g, nil, echo)
	require.NoError(t, err)
	a, b := first.([]any), second.([]any)
	require.Equal(t, a[:2], b[:2])
	require.NotEqual(t, a[2], b[2])
	require.NotEqual(t, a[3], b[3])
	require.Regexp(t, "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", a[3])
}

func TestConsoleWritesToTheLog(t *testing.T) {
	t.Parallel()
	g := load(t, `export default { wrap() {
		console.log("a %s is %d", "b", 3, { n: [1, "x"], m: new Map([["k", 1n]]) });
		console.warn(new Set([1]), -0, undefined, null, [[[[[1]]]]], Uint8Array.of(1), new Date(0), () => 1);
		console.error("bad"); console.debug("deep"); console.assert(false, "off");
		const circle = {}; circle.self = circle; console.info(circle);
	} }`, aril.ExtensionConfig{Name: "talker"})
	_, err := through(t, g, nil, echo)
	require.NoError(t, err)
	for _, line := range []string{
		`level=INFO msg="a b is 3 { n: [ 1, 'x' ], m: Map(1) { 'k' => 1n } }"`,
		`level=WARN msg="Set(1) { 1 } -0 undefined null [ [ [ [ [Array] ] ] ] ] Uint8Array(1) [ 1 ] 1970-01-01T00:00:00.000Z [Function]"`,
		`level=ERROR msg=bad`, `level=DEBUG msg=deep`, `level=ERROR msg="Assertion failed: off"`, `level=INFO msg="{ self: [Circular] }"`,
	} {
		require.Contains(t, log.of("talker"), line)
	}
}

func TestMethodsAndTheManifest(t *testing.T) {
	t.Parallel()
	g := load(t, `export default {
		name: "many", version: "1.2", filters: [{ kinds: ["execution"] }], capabilities: ["aril_log_v1"], configSchema: { type: "object" },
		wrap() {}, tick() {},
		methods: { nothing() {}, async later(n) { return n + 1 } },
		inputHandler: (args) => ({ in: args }), outputHandler: (args) => ({ out: args }),
		call(method, args) { if (method === "dynamic") return [method, args] },
	}`, aril.ExtensionConfig{})
	for method, want := range map[string]any{
		"nothing": nil, "later": int64(2), "dynamic": []any{"dynamic", int64(1)}, "input_handler": map[string]any{"in": int64(1)}, "output_handler": map[string]any{"out": int64(1)},
		"aril.manifest": map[string]any{"name": "many", "version": "1.2", "filters": []any{map[string]any{"kinds": []any{"execution"}}}, "capabilities": []any{"aril_log_v1"},
			"config_schema": map[string]any{"type": "object"}, "hooks": []any{"wrap", "event", "call"}},
	} {
		v, err := g.Call(t.Context(), method, 1)
		require.NoError(t, err, method)
		require.Equal(t, want, v, method)
	}
	for _, method := range []string{"toString", "constructor", "wrap"} {
		_, err := g.Call(t.Context(), method, 1)
		require.ErrorIs(t, err, aril.ErrNoMethod, method)
	}
}

func TestFunctionsOfTheHostAreCalledByName(t *testing.T) {
	t.Parallel()
	type reserve struct{ SKU string }
	stock := aril.Capability{Module: "acme_stock_v1", Functions: []aril.Function{
		aril.Func("reserve", func(_ context.Context, _ *aril.Call, r reserve) (map[string]any, error) {
			if r.SKU == "" {
				return nil, errBusy
			}
			return map[string]any{"id": r.SKU + "-1"}, nil
		}),
	}}
	script := `wrap(op) { try { return aril.call("acme_stock_v1", op.input.f, { SKU: op.input.sku }) } catch (e) { return e.code + " " + e.message } }`
	g := load(t, wrapping(script), aril.ExtensionConfig{Grants: aril.Grants{Capabilities: []aril.Capability{stock}}})
	for _, c := range []struct {
		f, sku string
		want   any
	}{
		{"reserve", "a", map[string]any{"id": "a-1"}},
		{"reserve", "", "busy later"},
		{"other", "a", "not_found acme_stock_v1.other: not found"},
	} {
		v, err := through(t, g, map[string]any{"f": c.f, "sku": c.sku}, echo)
		require.NoError(t, err)
		require.Equal(t, c.want, v)
	}
	v, err := through(t, load(t, wrapping(script), aril.ExtensionConfig{}), map[string]any{"f": "reserve", "sku": "a"}, echo)
	require.NoError(t, err)
	require.Equal(t, "denied acme_stock_v1.reserve: denied", v)
}

func TestStateLasts(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap() {
		const seen = state.get("map");
		state.update("map", (v = { n: 0 }) => ({ n: v.n + 1 }));
		state.bytes.append("bytes", "ab");
		return { seen, sum: state.add("count", 2), keys: [...state.keys()], text: new TextDecoder().decode(state.bytes.get("bytes")),
			swaps: [state.swap("new", undefined, 1), state.swap("new", 2, 3), state.swap("new", 1, undefined)], has: state.has("new"), gone: state.delete("new") };
	}`), aril.ExtensionConfig{Name: "keeper", Grants: aril.Grants{Capabilities: []aril.Capability{aril.State}}})
	_, err := through(t, g, nil, echo)
	require.NoError(t, err)
	v, err := through(t, g, nil, echo)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"seen": map[string]any{"n": int64(1)}, "sum": int64(4), "keys": []any{"bytes", "count", "map"}, "text": "abab",
		"swaps": []any{true, false, true}, "has": false, "gone": false}, v)
}
