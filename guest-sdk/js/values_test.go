package js_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// sent gives what a script answers.
func sent(t *testing.T, expression string) (any, error) {
	t.Helper()
	return through(t, load(t, wrapping(`wrap(op, next) { return `+expression+` }`), aril.ExtensionConfig{}), nil, echo)
}

func TestValuesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	// A copy, so that nothing is passed on unread.
	g := load(t, wrapping(`wrap(op, next) { const copy = (v) => Array.isArray(v) ? v.map(copy) : v && Object.getPrototypeOf(v) === Object.prototype ? { ...v } : v; return { v: copy(op.input) } }`), aril.ExtensionConfig{})
	for _, v := range []any{
		nil, true, false, int64(0), int64(-1), int64(math.MaxInt32) + 1, int64(1)<<53 - 1, int64(1) << 53, int64(math.MaxInt64), int64(math.MinInt64), uint64(math.MaxUint64),
		0.5, 1.0, -2.0, 1e300, math.Inf(1), math.Inf(-1), math.MaxFloat64,
		"", "text", "ünïcödé", "\U0001F98A", "\x00", []byte{}, []byte{0, 255},
		time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(1900, 1, 2, 3, 4, 5, 999999999, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 7e6, time.UTC), time.Date(300000, 1, 1, 0, 0, 0, 1, time.UTC),
		[]any{}, []any{int64(1), nil, "a"}, map[string]any{}, map[string]any{"b": int64(1), "a": map[string]any{"__proto__": "x"}, "10": true, "9": false},
	} {
		got, err := through(t, g, v, echo)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"v": v}, got)
	}
	got, err := through(t, g, math.Copysign(0, -1), echo)
	require.NoError(t, err)
	require.True(t, math.Signbit(got.(map[string]any)["v"].(float64)))
	got, err = through(t, g, math.NaN(), echo)
	require.NoError(t, err)
	require.True(t, math.IsNaN(got.(map[string]any)["v"].(float64)))
}

func TestAnOpaqueValueComesBackAsItself(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op) { const { db } = op.input; if (!(db instanceof aril.Opaque) || !db.equals(op.input.db)) throw 1; return { list: [db], type: db.type } }`), aril.ExtensionConfig{})
	ch := make(chan int)
	got, err := through(t, g, map[string]any{"db": ch}, echo)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"list": []any{ch}, "type": "chan int"}, got)
}

func TestWhatJavaScriptHasCrosses(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]any{
		`new Map([["b", 1], ["a", 2]])`:                            map[string]any{"a": int64(2), "b": int64(1)},
		`new Set([1, 2])`:                                          []any{int64(1), int64(2)},
		`[1n, 2n ** 63n, -(2n ** 63n)]`:                            []any{int64(1), uint64(1) << 63, int64(math.MinInt64)},
		`({ a: undefined, b: [undefined], get c() { return 3 } })`: map[string]any{"b": []any{nil}, "c": int64(3)},
		`new ArrayBuffer(2)`:                                       []byte{0, 0},
		`Uint8Array.of(1, 2, 3).subarray(1)`:                       []byte{2, 3},
		`Float64Array.of(1.5)`:                                     []any{1.5},
		`new Date(0)`:                                              time.Unix(0, 0).UTC(),
		`new String("boxed")`:                                      "boxed",
		`({ toJSON() { return "itself" } })`:                       "itself",
		`"\ud83e"`:                                                 "\uFFFD",
		`new Error("why")`:                                         "Error: why",
		`Object.fromEntries(Array.from({ length: 20 }, (_, i) => ["k" + i, i % 2 ? undefined : i])).k18`: int64(18),
		`aril.decode(aril.encode({ n: 1 }))`:                      map[string]any{"n": int64(1)},
		`aril.nanoseconds(aril.timestamp(-1n))`:                   int64(-1),
		`aril.timestamp(1500000000000000001n)`:                    time.Unix(1500000000, 1).UTC(),
		`new TextDecoder().decode(new TextEncoder().encode("ü"))`: "ü",
	} {
		got, err := sent(t, expression)
		require.NoError(t, err, expression)
		require.Equal(t, want, got, expression)
	}
}

func TestWhatCannotCrossSaysWhereItIs(t *testing.T) {
	t.Parallel()
	for expression, why := range map[string]string{
		`({ lines: [{ sku: 1 }, { sku() {} }] })`: "lines[1].sku: a function cannot cross",
		`[next()]`:                   "[0]: a promise cannot cross; await it",
		`({ p: Promise.resolve() })`: "p: a promise cannot cross; await it",
		`2n ** 64n`:                  "a BigInt of more than 64 bits cannot cross",
		`new Date(NaN)`:              "an invalid date cannot cross",
		`({ s: Symbol() })`:          "s: a symbol cannot cross",
		`/x/`:                        "an object of this class cannot cross",
		`(() => { const a = []; a.push(a); return a })()`: "nested deeper than 64",
	} {
		_, err := sent(t, expression)
		require.ErrorContains(t, err, why, expression)
	}
}

func TestADateThatWasSetLosesItsNanoseconds(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op) { const d = op.input; d.setMilliseconds(d.getMilliseconds() + 1); return d }`), aril.ExtensionConfig{})
	got, err := through(t, g, time.Unix(10, 5_000_007).UTC(), echo)
	require.NoError(t, err)
	require.Equal(t, time.Unix(10, 6_000_000).UTC(), got)
}

func TestNumbersFormatAsInOtherEngines(t *testing.T) {
	t.Parallel()
	got, err := sent(t, `[(2.5).toFixed(0), (-2.5).toFixed(0), (1.005).toFixed(2), (0.125).toFixed(2), (9.995).toPrecision(3), (99.5).toPrecision(2), (1e21).toFixed(2), (0.1 + 0.2).toString(), (1/3).toExponential(2), (123.456).toFixed(1), String(5e-324), 25..toPrecision(1)]`)
	require.NoError(t, err)
	require.Equal(t, []any{"3", "-3", "1.00", "0.13", "9.99", "1.0e+2", "1e+21", "0.30000000000000004", "3.33e-1", "123.5", "5e-324", "3e+1"}, got)
}

func TestATypedOperationGetsItsType(t *testing.T) {
	t.Parallel()
	type line struct {
		SKU string `msg:"sku"`
		N   int64  `msg:"n"`
	}
	g := load(t, wrapping(`async wrap(op, next) { const all = await next(); all.push({ sku: "b", n: 2n ** 60n }); return all }`), aril.ExtensionConfig{})
	f := aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "k", Name: "n"}, func(context.Context, int) ([]line, error) { return []line{{"a", 1}}, nil })
	got, err := f(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []line{{"a", 1}, {"b", 1 << 60}}, got)
	g = load(t, wrapping(`wrap() { return "no list" }`), aril.ExtensionConfig{})
	f = aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "k", Name: "n"}, func(context.Context, int) ([]line, error) { return nil, nil })
	_, err = f(t.Context(), 0)
	require.ErrorIs(t, err, aril.ErrType)
}
