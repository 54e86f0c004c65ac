package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJSONThatReadersTakeForDifferentValuesIsRefused(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, says := range map[string]string{
		`{"a":1}`: "", `[]`: "", `"x"`: "", ` {"a":[{"b":1},{"b":2}]} `: "", `"\ud83d\ude00"`: "", `"\\u0000"`: "", `1e308`: "", `-0.5e-300`: "", deep(maxDepth): "",
		`{"a":1,"a":2}`:                `"a" is there twice`,
		`{"a":{"b":1,"\u0062":2}}`:     `"b" is there twice`,
		deep(maxDepth + 1):             "deeper than 64",
		`{"a":1} {}`:                   "follows its end",
		`{"a":1}]`:                     "follows its end",
		`{"a":`:                        "ends too early",
		`{`:                            "ends too early",
		`{"a" 1}`:                      "invalid character",
		`{'a':1}`:                      "invalid character",
		`[1,]`:                         "invalid character",
		"\xEF\xBB\xBF{}":               "byte order mark",
		"{\"a\":\"\xff\"}":             "not UTF-8",
		`"\u0000"`:                     "U+0000",
		`"a\\\u0000"`:                  "U+0000",
		`"\ud800"`:                     "surrogate",
		`"\ud800\u0041"`:               "surrogate",
		`"\ude00"`:                     "surrogate",
		`"\ud800x"`:                    "surrogate",
		`1e309`:                        "out of range",
		`-1e999999999999999999999`:     "out of range",
		`1e-309`:                       "out of range",
		`1e-99999999999999999999`:      "out of range",
		strings.Repeat("1", 65):        "out of range",
		`0.` + strings.Repeat("0", 70): "out of range",
		`01`:                           "follows its end",
		`NaN`:                          "invalid character",
		`"\u`:                          "ends too early",
		`"\ud8`:                        "ends too early",
	} {
		fault := checkJSON([]byte(text))
		if says == "" {
			require.Empty(t, fault, text)
			require.True(t, json.Valid([]byte(text)), text)
		} else {
			require.Contains(t, fault, says, text)
		}
	}
}

func FuzzCheckedJSONIsValidAndHasOneReading(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",null]}`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `1e5`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if checkJSON(raw) != "" {
			return
		}
		require.True(t, json.Valid(raw))
		var v any
		require.NoError(t, json.Unmarshal(raw, &v))
		again, err := json.Marshal(v)
		require.NoError(t, err)
		require.NotContains(t, string(again), `\u0000`)
		if !strings.Contains(string(raw), "\uFFFD") && !strings.Contains(strings.ToLower(string(raw)), `\ufffd`) {
			require.NotContains(t, string(again), "\uFFFD", "nothing was replaced")
		}
	})
}
