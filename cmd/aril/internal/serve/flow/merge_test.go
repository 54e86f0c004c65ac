package flow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMergePutsWhatATransitionBringsIntoTheAttributes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, patch, want string }{
		"a new member":                 {`{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`},
		"a member in its place":        {`{"a":1,"b":2}`, `{"a":3}`, `{"a":3,"b":2}`},
		"objects deep":                 {`{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"d":3,"e":4}}}`, `{"a":{"b":{"c":1,"d":3,"e":4}}}`},
		"lists are replaced":           {`{"a":[1,{"x":1}]}`, `{"a":[2]}`, `{"a":[2]}`},
		"null is a value":              {`{"a":{"b":1}}`, `{"a":null}`, `{"a":null}`},
		"an object for a text":         {`{"a":"x"}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		"a text for an object":         {`{"a":{"b":1}}`, `{"a":"x"}`, `{"a":"x"}`},
		"nothing":                      {`{"a": 1}`, ``, `{"a": 1}`},
		"null for the whole":           {`{"a": 1}`, `null`, `{"a": 1}`},
		"into nothing":                 {``, `{"a":1}`, `{"a":1}`},
		"an empty object":              {`{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":1}}`},
		"numbers as they are spelt":    {`{"a":1.10,"b":12345678901234567890}`, `{"c":0.1e+01,"d":98765432109876543210.5}`, `{"a":1.10,"b":12345678901234567890,"c":0.1e+01,"d":98765432109876543210.5}`},
		"names by what they mean":      {`{"\u0061":1}`, `{"a":2}`, `{"\u0061":2}`},
		"one that was there twice":     {`{"a":1,"b":2,"a":3}`, `{"c":4}`, `{"b":2,"a":3,"c":4}`},
		"blanks and escapes in a text": {" {\n\"a\" : \"}\\\"{\" }", `{ "b" : [ ] }`, `{"a":"}\"{","b":[ ]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Merge(json.RawMessage(c.old), json.RawMessage(c.patch))
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
		})
	}
}

func TestMergeRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, patch := range []string{`[]`, `1`, `{"a":1,"a":2}`, `{"a":`, `{"a":1e9999}`, strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)} {
		_, err := Merge(json.RawMessage(`{}`), json.RawMessage(patch))
		require.Equal(t, "App:900002", failed(t, err).Code, patch)
	}
	_, err := Merge(json.RawMessage(`[`), json.RawMessage(`{}`))
	require.ErrorContains(t, err, "stored attributes")
}

func TestAttributesDoNotGrowWithoutEnd(t *testing.T) {
	t.Parallel()
	attributes := json.RawMessage(`{}`)
	var err error
	for i := 0; err == nil; i++ {
		require.Less(t, i, 5)
		attributes, err = Merge(attributes, json.RawMessage(`{"k`+string(rune('a'+i))+`":"`+strings.Repeat("x", MaxAttributes/3)+`"}`))
	}
	require.Contains(t, failed(t, err).Members["general"][0], "the most is 1048576")
}

// FuzzMerge compares with a merge of decoded values.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1]},"c":null}`), []byte(`{"a":{"b":{},"d":"\u0000"}}`))
	f.Add([]byte(` { } `), []byte(`{"":[{}]}`))
	f.Fuzz(func(t *testing.T, old, patch []byte) {
		var a, b map[string]any
		if json.Unmarshal(old, &a) != nil || json.Unmarshal(patch, &b) != nil || a == nil {
			return
		}
		got, err := Merge(old, patch)
		if err != nil {
			return
		}
		var merged map[string]any
		require.NoError(t, json.Unmarshal(got, &merged), string(got))
		require.Equal(t, plainMerge(a, b), merged)
	})
}

func plainMerge(a, b map[string]any) map[string]any {
	for k, v := range b {
		if x, ok := a[k].(map[string]any); ok {
			if y, ok := v.(map[string]any); ok {
				a[k] = plainMerge(x, y)
				continue
			}
		}
		a[k] = v
	}
	return a
}
