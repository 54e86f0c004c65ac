package store_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func TestWhatCannotBeKeptIsTheClientsMistake(t *testing.T) {
	t.Parallel()
	attributes := func(text string) func(*store.Instance, *store.Transition) {
		return func(in *store.Instance, _ *store.Transition) { in.Attributes = []byte(text) }
	}
	cases := map[string]func(*store.Instance, *store.Transition){
		"a key with U+0000":                 func(in *store.Instance, _ *store.Transition) { in.Key = "a\x00b" },
		"a key that is not UTF-8":           func(in *store.Instance, _ *store.Transition) { in.Key = "\xff" },
		"a key that is too long":            func(in *store.Instance, _ *store.Transition) { in.Key = strings.Repeat("k", 10_000) },
		"a state that is too long":          func(in *store.Instance, _ *store.Transition) { in.State = strings.Repeat("k", 10_000) },
		"a domain that is too long":         func(in *store.Instance, _ *store.Transition) { in.Domain = strings.Repeat("k", 10_000) },
		"a tag with U+0000":                 func(in *store.Instance, _ *store.Transition) { in.Tags = []string{"\x00"} },
		"a person with U+0000":              func(_ *store.Instance, t *store.Transition) { t.By = "\x00" },
		"a state that is not UTF-8":         func(_ *store.Instance, t *store.Transition) { t.To = "\xc3" },
		"an id that is none":                func(in *store.Instance, _ *store.Transition) { in.ID = "1" },
		"an id in braces":                   func(in *store.Instance, _ *store.Transition) { in.ID = "{0190ffff-ac96-774b-bcce-b302099a80}" },
		"a transition's id":                 func(_ *store.Instance, t *store.Transition) { t.ID = "x" },
		"a time past the year 9999":         func(_ *store.Instance, t *store.Transition) { t.At = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a transition's attributes":         func(_ *store.Instance, t *store.Transition) { t.Attributes = []byte(`"\u0000"`) },
		"attributes: a list":                attributes(`[]`),
		"attributes: null":                  attributes(` null`),
		"attributes: a text":                attributes(`"{}"`),
		"attributes: no JSON":               attributes(`{a:1}`),
		"attributes: blanks":                attributes(` `),
		"attributes: two":                   attributes(`{}{}`),
		"attributes: not UTF-8":             attributes("{\"a\":\"\xff\"}"),
		"attributes: U+0000":                attributes(`{"a":"\u0000"}`),
		"attributes: U+0000 in a name":      attributes(`{"\u0000":1}`),
		"attributes: half a pair":           attributes(`{"a":"\ud800"}`),
		"attributes: the other half":        attributes(`{"a":"\uDFFF"}`),
		"attributes: two first halves":      attributes(`{"a":"\ud800\ud800"}`),
		"attributes: a half, then a letter": attributes(`{"a":"\ud83d\u0041"}`),
		"attributes: a half and a letter":   attributes(`{"a":"\ud83dx\ude00"}`),
		"attributes: 1e400":                 attributes(`{"a":1e400}`),
		"attributes: 1e-999999":             attributes(`{"a":[{"b":-1e-999999}]}`),
		"attributes: many digits":           attributes(`{"a":` + strings.Repeat("1", 2000) + `}`),
		"attributes: too deep":              attributes(`{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`),
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		kept, _, err := s.Start(t.Context(), order("kept"), store.Transition{})
		require.NoError(t, err)
		for name, change := range cases {
			in, step := order(""), store.Transition{}
			change(&in, &step)
			_, _, err := s.Start(t.Context(), in, step)
			require.ErrorIs(t, err, store.ErrInvalid, name)
			require.Less(t, len(err.Error()), 200, name)
			if in.ID == "" && in.Domain == "shop" {
				in.ID = kept.ID
				_, err = s.Apply(t.Context(), in, kept.ETag, step)
				require.ErrorIs(t, err, store.ErrInvalid, name)
			}
		}
		items, _, err := s.List(t.Context(), "shop", "order", query.Query{})
		require.NoError(t, err)
		require.Equal(t, []store.Instance{kept}, items)
	})
}

func TestWhatIsOddIsKeptAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		for _, attributes := range []string{
			` {"a" : "\ud83d\ude00\u0001\\u0000 \\ud800"} `, `{"n":[1E+2,-0,1.0,12345678901234567890123456789,1e-399]}`, `{"":{"":{}}}`, "{\"a\":\"\u2028\u007f\"}",
			`{"a":` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `}`, `{"big":"` + strings.Repeat("ä", 1<<19) + `"}`,
		} {
			in := order("")
			in.Attributes = []byte(attributes)
			in.Key = "\u007f; DROP TABLE instances; --" + attributes[:10]
			in.Tags = []string{"", `"`, "<&>", "\u2028"}
			in, _, err := s.Start(t.Context(), in, store.Transition{})
			require.NoError(t, err)
			got, err := s.Get(t.Context(), "shop", "order", in.Key)
			require.NoError(t, err)
			require.Equal(t, in, got)
		}
	})
}

// FuzzAttributes holds that attributes are refused, or are kept as they are
// and do no harm to a list.
func FuzzAttributes(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":{"b":"\ud83d\ude00"}}`, `{"a":1e400}`, `{"a":"\u0000"}`, `{"a":[1,{"b":null}],"a":true}`} {
		f.Add([]byte(s))
	}
	s := storetest.Open(f, storetest.SQLite(f))
	in, _, err := s.Start(f.Context(), order("one"), store.Transition{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, attributes []byte) {
		in.Attributes = attributes
		next, err := s.Apply(t.Context(), in, in.ETag, store.Transition{})
		if err != nil {
			require.ErrorIs(t, err, store.ErrInvalid)
			return
		}
		in = next
		if len(attributes) == 0 {
			attributes = []byte("{}")
		}
		require.Equal(t, json.RawMessage(attributes), next.Attributes)
		for _, path := range [][]string{{"a"}, {"a", "b"}} {
			field := query.Field{Column: query.Attributes, Path: path}
			there := query.Query{Filter: query.Condition{Field: field, Op: query.IsNull, Values: []query.Value{{Kind: query.Bool}}}, Sort: []query.Order{{Field: field}}}
			items, _, err := s.List(t.Context(), "shop", "order", there)
			require.NoError(t, err)
			require.Equal(t, valueOf(in, field) != nil, len(items) == 1, "%s", attributes)
		}
	})
}
