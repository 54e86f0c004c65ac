package conformance

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestValuesAreReadAndWrittenInTheCasesForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`null`:                    nil,
		`true`:                    true,
		`"Grüße <&>"`:             "Grüße <&>",
		`7`:                       int64(7),
		`-9223372036854775808`:    int64(math.MinInt64),
		`18446744073709551615`:    uint64(math.MaxUint64),
		`0.5`:                     0.5,
		`1e+300`:                  1e300,
		`{"$float": "1"}`:         1.0,
		`{"$float": "-0"}`:        math.Copysign(0, -1),
		`{"$float": "Infinity"}`:  math.Inf(1),
		`{"$float": "-Infinity"}`: math.Inf(-1),
		`{"$bytes": "AAEC"}`:      []byte{0, 1, 2},
		`{"$time": "2026-01-02T03:04:05.000000006Z"}`: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		`[]`:                                []any{},
		`{}`:                                map[string]any{},
		`{"a": [1, {"b": null}], "c": "d"}`: map[string]any{"a": []any{int64(1), map[string]any{"b": nil}}, "c": "d"},
	} {
		got, err := ParseValue([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		require.Equal(t, text, FormatValue(got), text)
	}
	nan, err := ParseValue([]byte(`{"$float": "NaN"}`))
	require.NoError(t, err)
	require.True(t, math.IsNaN(nan.(float64)))
	require.Equal(t, `{"$float": "NaN"}`, FormatValue(nan))
}

func TestLongValuesAreWrittenShort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`{"$repeat": [3, {"n": 1}]}`:       []any{map[string]any{"n": int64(1)}, map[string]any{"n": int64(1)}, map[string]any{"n": int64(1)}},
		`{"$text": [3, "ab"]}`:             "ababab",
		`{"$keys": [2, 5]}`:                map[string]any{"k0": int64(5), "k1": int64(5)},
		`{"$fill": [4, 7]}`:                bytes.Repeat([]byte{7}, 4),
		`{"$int": "18446744073709551615"}`: uint64(math.MaxUint64),
		`{"$float32": "0.1"}`:              float32(0.1),
	} {
		got, err := ParseValue([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestWhatIsNoValueIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]string{
		``:                                     "EOF",
		`1 2`:                                  "more than one",
		`{"a": 1, "a": 2}`:                     `"a" is there twice`,
		`{"$int": 7}`:                          "takes a string",
		`{"$int": "1.5"}`:                      "no integer",
		`18446744073709551616`:                 "no integer",
		`{"$int": "1", "b": 2}`:                "$int stands beside other keys",
		`{"$bytes": "AAE"}`:                    "$bytes",
		`{"$time": "yesterday"}`:               "$time",
		`{"$nothing": 1}`:                      "no such form",
		`{"$any": true}`:                       "no such form of value here",
		`{"$count": 1}`:                        "no such form of value here",
		`{"$repeat": [99999999, 1]}`:           "count from 0 to",
		`{"$repeat": [-1, 1]}`:                 "count from 0 to",
		`{"$text": [9999999, "aaaaaaaaaaaa"]}`: "bytes in all",
		`{"$fill": [1, 256]}`:                  "0 to 255",
		`{"$keys": 3}`:                         "list of two",
	} {
		_, err := ParseValue([]byte(text))
		require.ErrorContains(t, err, reason, text)
	}
	_, err := new(dialect).parse([]byte(`{"$range": [1, "x"]}`), withPatterns)
	require.ErrorContains(t, err, "two numbers")
	_, err = new(dialect).parse([]byte(`{"$any": false}`), withPatterns)
	require.ErrorContains(t, err, "takes true")
}

func TestValuesOfGoTypesAreWrittenAsTheyCross(t *testing.T) {
	t.Parallel()
	type name string
	n := 7
	require.Equal(t, `[1, 7, "x", {"$bytes": "AQ=="}, 0.5, {"a": 1}, {"$opaque": "chan int"}]`,
		FormatValue([]any{uint8(1), &n, name("x"), []byte{1}, float32(0.5), map[name]int{"a": 1}, make(chan int)}))
}

func TestTheFirstDifferenceIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 500)
	for _, c := range []struct{ name, want, got, path, wanted, found string }{
		{"a number", `1`, `2`, "", "1", "2"},
		{"an element", `{"a": [1, {"b c": 2}]}`, `{"a": [1, {"b c": 3}]}`, `.a[1]["b c"]`, "2", "3"},
		{"a key too few", `{"a": 1, "b": 2}`, `{"a": 1}`, ".b", "2", "no such key"},
		{"a key too many", `{"a": 1}`, `{"a": 1, "b": 2}`, ".b", "no such key", "2"},
		{"an element too few", `[1, 2]`, `[1]`, "", "2 elements: [1, 2]", "1 element: [1]"},
		{"nil is no empty list", `[]`, `null`, "", "[]", "null"},
		{"nil is no key", `{"a": null}`, `{}`, ".a", "null", "no such key"},
		{"text is not bytes", `"a"`, `{"$bytes": "YQ=="}`, "", `"a"`, `{"$bytes": "YQ=="}`},
		{"a number is no text", `1`, `"1"`, "", "1", `"1"`},
		{"-0 is not 0", `{"$float": "-0"}`, `0`, "", `{"$float": "-0"}`, "0"},
		{"-0 is not the float 0", `{"$float": "-0"}`, `{"$float": "0"}`, "", `{"$float": "-0"}`, `{"$float": "0"}`},
		{"an integer beyond a double", `9007199254740993`, `9007199254740992.0`, "", "9007199254740993", "9.007199254740992e+15"},
		{"the sign of 64 bits", `18446744073709551615`, `-1`, "", "18446744073709551615", "-1"},
		{"NaN is a number of its own", `{"$float": "NaN"}`, `1`, "", `{"$float": "NaN"}`, "1"},
		{"a nanosecond", `{"$time": "2026-01-02T03:04:05.000000006Z"}`, `{"$time": "2026-01-02T03:04:05Z"}`, "", `{"$time": "2026-01-02T03:04:05.000000006Z"}`, `{"$time": "2026-01-02T03:04:05Z"}`},
		{"a pattern", `{"$has": "x"}`, `"abc"`, "", `{"$has": "x"}`, `"abc"`},
		{"a range", `{"$range": [1, 2.5]}`, `3`, "", `{"$range": [1, 2.5]}`, "3"},
		{"a range is of numbers", `{"$range": [1, 2]}`, `"1"`, "", `{"$range": [1, 2]}`, `"1"`},
		{"now", `{"$now": true}`, `{"$time": "2026-01-02T03:04:05Z"}`, "", `{"$now": true}`, `{"$time": "2026-01-02T03:04:05Z"}`},
		{"the end of a long text", `"` + long + `x"`, `"` + long + `y"`, "", `501 bytes at byte 500: … "aaaaaaaaaaaaaaaaaaaax"`, `501 bytes at byte 500: … "aaaaaaaaaaaaaaaaaaaay"`},
	} {
		d := &dialect{}
		want, err := d.parse([]byte(c.want), withPatterns)
		require.NoError(t, err, c.name)
		got, err := d.parse([]byte(c.got), 0)
		require.NoError(t, err, c.name)
		require.Equal(t, &mismatch{c.path, c.wanted, c.found}, d.compare(want, got), c.name)
		require.Nil(t, d.compare(got, got), c.name)
	}
}

func TestWhatIsTheSameInAnotherFormDoesNotDiffer(t *testing.T) {
	t.Parallel()
	d := &dialect{}
	word, err := d.parse([]byte(`{"$opaque": "db"}`), 0)
	require.NoError(t, err)
	again, err := d.parse([]byte(`{"$opaque": "db"}`), 0)
	require.NoError(t, err)
	other, err := d.parse([]byte(`{"$opaque": "socket"}`), 0)
	require.NoError(t, err)
	require.Equal(t, &mismatch{"", `{"$opaque": "db"}`, `{"$opaque": "socket"}`}, d.compare(word, other))
	for _, c := range []struct{ want, got any }{
		{1.0, int8(1)}, {uint64(7), 7.0}, {math.NaN(), float32(math.NaN())}, {float32(0.1), float64(float32(0.1))},
		{time.Unix(0, 5), time.Unix(0, 5).UTC()}, {map[string]any{"a": 1}, map[string]int{"a": 1}}, {[]any{1}, []uint{1}},
		{anything{}, nil}, {contains("b"), "abc"}, {between{1.5, int64(3)}, uint64(2)}, {between{int64(1), int64(1)}, 1.0},
		{justNow{}, time.Now()}, {word, again}, {stored("a"), stored("a")},
	} {
		require.Nil(t, d.compare(c.want, c.got), "%v %v", c.want, c.got)
	}
}
