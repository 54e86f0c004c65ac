package codec

import (
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNumbersConvertOnlyWithoutLoss(t *testing.T) {
	t.Parallel()
	type refused struct{}
	for i, c := range []struct {
		sent any
		into any // pointer
		want any // or refused{}
	}{
		{3.0, new(int), 3},
		{-3.0, new(int8), int8(-3)},
		{3.5, new(int), refused{}},
		{math.NaN(), new(int), refused{}},
		{math.Inf(1), new(int), refused{}},
		{math.Copysign(0, -1), new(uint), uint(0)},
		{128, new(int8), refused{}},
		{-129, new(int8), refused{}},
		{-128, new(int8), int8(-128)},
		{-1, new(uint), refused{}},
		{-1.0, new(uint), refused{}},
		{256, new(uint8), refused{}},
		{255.0, new(uint8), uint8(255)},
		{uint64(math.MaxUint64), new(int64), refused{}},
		{uint64(math.MaxUint64), new(uint64), uint64(math.MaxUint64)},
		{float64(1 << 63), new(int64), refused{}},
		{float64(1 << 63), new(uint64), uint64(1 << 63)},
		{float64(-1 << 63), new(int64), int64(math.MinInt64)},
		{float64(1 << 63 * 2), new(uint64), refused{}},
		{int64(1 << 53), new(float64), float64(1 << 53)},
		{int64(1<<53 + 1), new(float64), refused{}},
		{int64(math.MaxInt64), new(float64), refused{}},
		{int64(-1 << 53), new(float64), float64(-1 << 53)},
		{int64(-(1<<53 + 1)), new(float64), refused{}},
		{int64(math.MinInt64), new(float64), float64(math.MinInt64)},
		{uint64(math.MaxUint64), new(float64), refused{}},
		{uint64(1 << 63), new(float64), float64(1 << 63)},
		{1 << 24, new(float32), float32(1 << 24)},
		{1<<24 + 1, new(float32), refused{}},
		{0.1, new(float32), float32(0.1)},
		{1e300, new(float32), refused{}},
		{math.Inf(1), new(float32), float32(math.Inf(1))},
		{float32(0.5), new(float64), 0.5},
		{0, new(bool), refused{}},
		{true, new(int), refused{}},
		{"5", new(int), refused{}},
		{nil, new(int), refused{}},
		{nil, new(string), refused{}},
		{nil, new(struct{ A int }), refused{}},
		{5, new(string), refused{}},
		{[]byte("x"), new(string), refused{}},
		{"x", new([]byte), refused{}},
		{[]any{1, 2.0, 255}, new([]byte), []byte{1, 2, 255}},
		{[]any{1, 256}, new([]byte), refused{}},
		{[]any{1, 2}, new([2]byte), [2]byte{1, 2}},
		{[]byte{1, 2}, new([3]byte), refused{}},
		{[]byte{1, 2}, new([1]byte), refused{}},
		{[]any{1}, new([2]int), refused{}},
		{[]any{1, 2, 3}, new([2]int), refused{}},
		{[]any{}, new(struct{ A int }), refused{}},
		{map[string]any{}, new([]int), refused{}},
		{[]any{}, new(map[string]int), refused{}},
		{5, new(time.Time), refused{}},
		{"1.2.3.4", new(netip.Addr), netip.MustParseAddr("1.2.3.4")},
		{"1.2.3", new(netip.Addr), refused{}},
		{5, new(netip.Addr), refused{}},
		{5, new(json.Number), json.Number("5")},
		{1.5, new(json.Number), json.Number("1.5")},
		{"1.50", new(json.Number), json.Number("1.50")},
		{"1.5.0", new(json.Number), refused{}},
		{" 1", new(json.Number), refused{}},
		{math.NaN(), new(json.Number), refused{}},
		{true, new(json.Number), refused{}},
		{math.NaN(), new(json.RawMessage), refused{}},
		{map[string]any{"a": []byte("x")}, new(json.RawMessage), json.RawMessage(`{"a":"eA=="}`)},
		{map[int]string{1: "a"}, new(map[uint8]string), map[uint8]string{1: "a"}},
		{map[int]string{-1: "a"}, new(map[uint8]string), refused{}},
		{map[int]string{300: "a"}, new(map[uint8]string), refused{}},
		{map[int]string{1: "a"}, new(map[string]string), refused{}},
		{map[int]string{1: "a"}, new(map[string]any), refused{}},
		{map[string]int{"a": 1}, new(map[string]string), refused{}},
		{map[string]int{"1": 1}, new(map[int]int), refused{}},
		{map[string]int{"x": 1}, new(map[netip.Addr]int), refused{}},
		{map[int]int{1: 1}, new(struct{ A int }), struct{ A int }{}},
	} {
		b, err := AppendValue(nil, c.sent, nil, Limits{})
		require.NoError(t, err)
		err = For(reflect.TypeOf(c.into).Elem()).Decode(b, c.into, nil, nil, Limits{})
		got := reflect.ValueOf(c.into).Elem()
		if c.want == (any)(refused{}) {
			var e *Error
			require.ErrorAs(t, err, &e, "case %d: %v into %T", i, c.sent, c.into)
			require.True(t, got.IsZero(), "case %d", i)
			continue
		}
		require.NoError(t, err, "case %d: %v into %T", i, c.sent, c.into)
		require.Equal(t, c.want, got.Interface(), "case %d", i)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	type part struct {
		Quantity int `json:"quantity"`
	}
	type whole struct {
		Lines  []part          `json:"lines"`
		Prices map[string]part `json:"prices"`
		Sizes  map[int][]part  `json:"sizes"`
		At     *time.Time      `json:"at"`
		Meta   map[string]string
		Deep   *struct{ Any any }
	}
	for want, v := range map[string]any{
		"lines[2].quantity: 3.5 is no int":                                                    map[string]any{"lines": []any{map[string]any{}, map[string]any{}, map[string]any{"quantity": 3.5}}},
		`prices.eur.quantity: "x" is no int`:                                                  map[string]any{"prices": map[string]any{"eur": map[string]any{"quantity": "x"}}},
		`prices["a\n\u00e9"].quantity: nil is no int`:                                         map[string]any{"prices": map[string]any{"a\né": map[string]any{"quantity": nil}}},
		"sizes.7[0]: true is no codec.part":                                                   map[string]any{"sizes": map[int]any{7: []any{true}}},
		"at: an array of 0 is no time.Time":                                                   map[string]any{"at": []any{}},
		"Meta.k: 1 is no string":                                                              map[string]any{"Meta": map[string]any{"k": 1}},
		`prices["` + "0123456789012345678901234567890 " + `"...].quantity: 2 bytes is no int`: map[string]any{"prices": map[string]any{"0123456789012345678901234567890 tail": map[string]any{"quantity": []byte{1, 2}}}},
		"an array of 0 is no codec.whole":                                                     []any{},
	} {
		b, err := AppendValue(nil, v, nil, Limits{})
		require.NoError(t, err)
		err = For(reflect.TypeFor[whole]()).Decode(b, new(whole), nil, nil, Limits{})
		require.EqualError(t, err, want)
	}
	_, err := DecodeValue([]byte{0x92, 0x01, 0x81, 0xa1, 'k', 0x81, 0x05, 0xc0}, nil, Limits{})
	require.EqualError(t, err, "[1].k: a map key that is no string: 5")
	err = For(reflect.TypeFor[int]()).Decode([]byte{0x92}, new(int), nil, nil, Limits{})
	require.EqualError(t, err, "malformed msgpack: count exceeds the remaining bytes at byte 0")
	e := err.(*Error)
	require.Empty(t, e.Path)
}

func TestTheLastOfTwoKeysCounts(t *testing.T) {
	t.Parallel()
	b := []byte{0x82, 0xa1, 'A', 0x01, 0xa1, 'A', 0x02}
	var s struct{ A int }
	decode(t, b, &s, nil, nil)
	require.Equal(t, 2, s.A)
	var m map[string]int
	decode(t, b, &m, nil, nil)
	require.Equal(t, map[string]int{"A": 2}, m)
	got, err := DecodeValue(b, nil, Limits{})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"A": int64(2)}, got)
}
