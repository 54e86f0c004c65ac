package codec

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

type (
	Base   struct{ X, Y int }
	Other  struct{ X, Z int }
	Tagged struct {
		W int `json:"X"`
	}
	Loop struct {
		*Loop
		N int
	}
	unexported struct{ U, X int }
	Scalar     int
	scalar     int
	Iface      interface{ M() }
	Level2     struct{ Base }
	Level2b    struct{ Base }
)

// TestEmbeddedStructsAreFlattenedAsInEncodingJSON holds the names of fields
// against encoding/json's, for shapes where embedded structs meet.
func TestEmbeddedStructsAreFlattenedAsInEncodingJSON(t *testing.T) {
	t.Parallel()
	for i, v := range []any{
		Base{},
		struct{ Base }{},
		struct{ *Base }{},
		struct{ *Base }{&Base{}},
		struct {
			Base
			X string
		}{},
		struct {
			Base
			Other
		}{},
		struct {
			Base
			Other
			Tagged
		}{},
		struct {
			Base
			Tagged
		}{},
		struct {
			Base `json:"base"`
			Other
		}{},
		struct {
			Base `json:",omitempty"`
		}{},
		struct {
			Base `json:"-"`
			Other
		}{},
		struct {
			Level2
			Level2b
		}{},
		struct {
			Level2
			Base
		}{},
		struct {
			Level2
			Level2b
			X int
		}{},
		Loop{},
		Loop{Loop: &Loop{N: 1}},
		struct{ unexported }{},
		struct {
			unexported
			Base
		}{},
		struct {
			*unexported
			Base
		}{},
		struct {
			unexported `json:"named"`
			Base
		}{},
		struct {
			Scalar
			scalar
		}{},
		struct{ *Scalar }{},
		struct{ Iface }{},
		struct {
			A int `json:"b"`
			B int `json:"a"`
		}{},
		reflect.Zero(reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"same"`},
			{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"same"`},
			{Name: "C", Type: reflect.TypeFor[int]()},
		})).Interface(),
		struct {
			A int `json:"X"`
			Base
			X int
		}{},
		struct {
			A int    `json:"a,omitempty"`
			B string `json:",omitempty"`
			C []int  `json:"c,omitempty"`
			D [0]int `json:",omitempty"`
			E *int   `json:",omitempty"`
			F Base   `json:",omitempty"`
			G Base   `json:",omitzero"`
			H bool   `json:",omitempty"`
			I any    `json:",omitempty"`
		}{},
	} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var want map[string]any
		require.NoError(t, json.Unmarshal(text, &want))
		delete(want, "named") // json writes the unexported type there but cannot read it back

		b, err := AppendValue(nil, v, nil, Limits{})
		require.NoError(t, err)
		got, err := DecodeValue(b, nil, Limits{})
		require.NoError(t, err)
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got.(map[string]any))), "case %d: %T, json %s", i, v, text)
	}
}

func TestFieldsBehindUnexportedEmbeddedPointersCanBeSet(t *testing.T) {
	t.Parallel()
	type holder struct{ *unexported }
	var got holder
	decode(t, []byte{0x81, 0xa1, 'U', 0x07}, &got, nil, nil)
	require.Equal(t, 7, got.U)
	base := holder{&unexported{1, 2}}
	decode(t, []byte{0x81, 0xa1, 'U', 0x07}, &got, &base, nil)
	require.Equal(t, unexported{7, 2}, *got.unexported)
	require.Equal(t, unexported{1, 2}, *base.unexported)
}

// secretive has methods that know nothing of the tag.
type secretive struct {
	Name  string
	Token string `aril:"-"`
}

func (s *secretive) MarshalMsg(b []byte) ([]byte, error) {
	return msgp.AppendString(b, s.Name+s.Token), nil
}
func (s *secretive) UnmarshalMsg(b []byte) ([]byte, error) { return msgp.Skip(b) }

// leaky has methods that would call those of secretive.
type leaky struct{ List map[string][]*secretive }

func (l *leaky) MarshalMsg(b []byte) ([]byte, error) {
	for _, list := range l.List {
		return list[0].MarshalMsg(b)
	}
	return msgp.AppendNil(b), nil
}
func (l *leaky) UnmarshalMsg(b []byte) ([]byte, error) { return msgp.Skip(b) }

func TestAHiddenFieldIsNotEncodedByMethodsEither(t *testing.T) {
	t.Parallel()
	s := secretive{"ann", "t0ken"}
	require.Equal(t, map[string]any{"Name": "ann"}, plainly(t, &s))
	require.Equal(t, map[string]any{"List": map[string]any{"a": []any{map[string]any{"Name": "ann"}}}}, plainly(t, &leaky{map[string][]*secretive{"a": {&s}}}))
	var got secretive
	decode(t, []byte{0x82, 0xa4, 'N', 'a', 'm', 'e', 0xa1, 'x', 0xa5, 'T', 'o', 'k', 'e', 'n', 0xa1, 'y'}, &got, &s, nil)
	require.Equal(t, secretive{"x", "t0ken"}, got)
}

// plainly encodes p and decodes it into plain values.
func plainly(t *testing.T, p any) any {
	t.Helper()
	v, err := DecodeValue(encode(t, p, nil), nil, Limits{})
	require.NoError(t, err)
	return v
}

type halfText int

func (h halfText) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(h), 2), nil }

func TestATypeThatOnlyWritesTextCanBeKeptButNotChanged(t *testing.T) {
	t.Parallel()
	base := halfText(5)
	require.Equal(t, "101", plainly(t, &base))
	var got halfText
	decode(t, encode(t, &base, nil), &got, &base, nil)
	require.Equal(t, base, got)
	require.ErrorContains(t, For(reflect.TypeFor[halfText]()).Decode([]byte{0xa1, '1'}, &got, &base, nil, Limits{}), "no UnmarshalText")
	keys := map[halfText]int{5: 1, 6: 2}
	var gotKeys map[halfText]int
	decode(t, encode(t, &keys, nil), &gotKeys, &keys, nil)
	require.Equal(t, keys, gotKeys)
}

// halfMsgp can be written by msgp and not read.
type halfMsgp struct{ N int }

func (halfMsgp) MarshalMsg(b []byte) ([]byte, error) { return msgp.AppendString(b, "half"), nil }

func TestAPairOfMethodsIsNeeded(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]any{"N": int64(3)}, plainly(t, &halfMsgp{3}))
}
