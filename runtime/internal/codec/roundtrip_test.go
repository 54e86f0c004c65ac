package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

type (
	level int8
	label string
	flags []byte
	stamp time.Time
	tree  struct {
		Value int
		Left  *tree `json:",omitempty"`
		Right *tree `msg:"r"`
	}
	inner struct {
		A int
		B string `json:"b"`
	}
	outer struct {
		inner
		*Deep
		A string `msg:"outer_a"`
		C []inner
	}
	Deep struct {
		D float64
		*deeper
	}
	deeper struct{ E uint16 }
	fixed  struct {
		Bytes [4]byte
		Ints  [3]int32
		None  [0]string
	}
	word [2]uint8
)

// encode and decode are what a host does with one value and no limits of its own.
func encode(t testing.TB, p any, s Session) []byte {
	t.Helper()
	b, err := For(reflect.TypeOf(p).Elem()).Append(nil, p, s, Limits{})
	require.NoError(t, err)
	require.NoError(t, abi.Scan(b, abi.ScanLimits{}), "%x", b)
	return b
}

func decode(t testing.TB, b []byte, p, base any, s Session) {
	t.Helper()
	require.NoError(t, For(reflect.TypeOf(p).Elem()).Decode(b, p, base, s, Limits{}))
}

func ptr[T any](v T) *T { return &v }

func TestEveryKindComesBackAsItWas(t *testing.T) {
	t.Parallel()
	utc := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		return at.UTC()
	}
	var integers []any
	for shift := range 64 {
		for _, d := range []int64{-1, 0, 1} {
			u := uint64(1)<<shift + uint64(d)
			integers = append(integers, ptr(u), ptr(int64(u)), ptr(-int64(u)))
		}
	}
	for i, p := range append(integers, []any{
		ptr(true), ptr(false),
		ptr(int8(math.MinInt8)), ptr(int16(math.MinInt16)), ptr(int32(math.MinInt32)), ptr(math.MinInt),
		ptr(uint8(math.MaxUint8)), ptr(uint16(math.MaxUint16)), ptr(uint32(math.MaxUint32)), ptr(uint(math.MaxUint)), ptr(uintptr(7)),
		ptr(level(-3)), ptr(label("x")), ptr(flags{1, 2}), ptr(word{1, 2}),
		ptr(float32(0.1)), ptr(0.1), ptr(math.Inf(-1)), ptr(float32(math.MaxFloat32)), ptr(math.SmallestNonzeroFloat64),
		ptr(""), ptr("héllo\x00"), ptr("\xff not UTF-8"), ptr(strings.Repeat("long ", 20_000)),
		ptr([]byte(nil)), ptr([]byte{}), ptr([]byte{0, 255}), ptr(make([]byte, 70_000)), ptr([0]byte{}), ptr([3]byte{1, 2, 3}),
		ptr(fixed{[4]byte{1, 2, 3, 4}, [3]int32{-1, 0, 1}, [0]string{}}),
		ptr(time.Time{}), ptr(utc("1970-01-01T00:00:00Z")), ptr(utc("1969-12-31T23:59:59.999999999Z")),
		ptr(utc("2026-02-03T04:05:06.123456789Z")), ptr(utc("0001-01-01T00:00:00.000000001Z")), ptr(utc("9999-12-31T23:59:59.999999999Z")),
		ptr(time.Unix(math.MaxUint32, 0).UTC()), ptr(time.Unix(math.MaxUint32+1, 0).UTC()), ptr(time.Unix(1<<34-1, 1).UTC()), ptr(time.Unix(1<<34, 1).UTC()),
		ptr(stamp(utc("1950-05-05T00:00:00.5Z"))), ptr(time.Duration(math.MinInt64)), ptr(3 * time.Second),
		ptr([]string(nil)), ptr([]string{}), ptr([]string{"a", ""}), ptr([]*int{ptr(1), nil}), ptr([][]int{{1}, nil, {}}), ptr([]struct{}{{}, {}}),
		ptr(map[string]int(nil)), ptr(map[string]int{}), ptr(map[string]int{"a": 1, "": 2}),
		ptr(map[int8]string{-1: "a", 1: "b"}), ptr(map[uint64]bool{math.MaxUint64: true}), ptr(map[label]*inner{"x": {A: 1}, "y": nil}),
		ptr(map[netip.Addr]int{netip.MustParseAddr("::1"): 1}), ptr(map[string]string{"k": "v"}), ptr(map[level][]byte{2: {1}}),
		ptr(map[string]any{"n": nil, "b": true, "i": int64(-1), "f": 1.5, "s": "x", "l": []any{int64(1)}, "m": map[string]any{"t": utc("2000-01-01T00:00:00Z")}, "y": []byte{1}}),
		ptr(tree{1, &tree{Value: 2}, &tree{3, nil, &tree{Value: 4}}}),
		ptr(outer{inner{1, "b"}, &Deep{2.5, &deeper{7}}, "a", []inner{{2, "c"}, {}}}), ptr(outer{}), ptr(outer{Deep: &Deep{}}),
		ptr(netip.MustParseAddrPort("1.2.3.4:80")), ptr(netip.Addr{}), ptr(net.IPv4(1, 2, 3, 4)), ptr(*big.NewInt(0).Lsh(big.NewInt(3), 200)),
		ptr(url.URL{Scheme: "https", Host: "example.org", RawQuery: "a=b"}),
		ptr(json.RawMessage(`{"a":[1,18446744073709551615,-1.5,null,"x"]}`)), ptr(json.RawMessage(nil)), ptr(json.Number("")),
		ptr(json.Number("12")), ptr(json.Number("-1.5")), ptr(json.Number("1.50")), ptr(json.Number("1e400")), ptr(json.Number("18446744073709551615")), ptr(json.Number("123456789012345678901234567890")),
		ptr(msgp.Raw{0x92, 1, 2}), ptr((*int)(nil)), ptr(ptr(ptr("deep"))), ptr(any(nil)), ptr(any("x")), ptr(struct{}{}),
		ptr(abi.Error{Code: "c", Message: "m", Cause: &abi.Error{Code: "d"}, Data: abi.Raw{0x01}}),
	}...) {
		b := encode(t, p, nil)
		got := reflect.New(reflect.TypeOf(p).Elem())
		decode(t, b, got.Interface(), nil, nil)
		require.Equal(t, p, got.Interface(), "case %d: %T %x", i, p, b)

		onto := reflect.New(reflect.TypeOf(p).Elem())
		decode(t, b, onto.Interface(), p, nil)
		require.Equal(t, p, onto.Interface(), "case %d onto itself: %T %x", i, p, b)

		dynamic, err := AppendValue(nil, reflect.ValueOf(p).Elem().Interface(), nil, Limits{})
		require.NoError(t, err)
		require.Equal(t, b, dynamic, "case %d: %T by AppendValue", i, p)
		if _, err = DecodeValue(b, nil, Limits{}); !errors.Is(err, errKey) {
			require.NoError(t, err, "case %d: %T", i, p)
		}
	}
}

func TestNaNKeepsItsBits(t *testing.T) {
	t.Parallel()
	p := ptr(math.Float64frombits(0x7ff8dead_beef0001))
	var got float64
	decode(t, encode(t, p, nil), &got, nil, nil)
	require.Equal(t, math.Float64bits(*p), math.Float64bits(got))
}

func TestWhatTheWireLooksLike(t *testing.T) {
	t.Parallel()
	type tags struct {
		Both    int   `msg:"m" json:"j"`
		JSON    int   `json:"j2"`
		Options int   `msg:",omitempty" json:"o"`
		Zero    inner `json:"zero,omitzero"`
		Empty   []int `json:"empty,omitempty"`
		None    *int  `json:"none,omitempty"`
		Msg     int   `msg:"-"`
		Hidden  int   `json:"-"`
		Aril    int   `msg:"a" aril:"-"`
		Shown   int   `msg:"shown" json:"-"`
		Dash    int   `msg:"-,"`
		private string
	}
	for name, c := range map[string]struct {
		p    any
		want string
	}{
		"names and options":       {&tags{Hidden: 1, Msg: 2, Aril: 3, private: "p"}, "84 a16d 00 a26a32 00 a573686f776e 00 a12d 00"},
		"a float32 stays one":     {ptr(float32(1)), "ca 3f800000"},
		"map keys in order":       {&map[string]int{"b": 2, "": 0, "a": 1}, "83 a0 00 a161 01 a162 02"},
		"integer keys in order":   {&map[int]int{2: 2, -3: 1, 10: 3}, "83 fd 01 02 02 0a 03"},
		"a time before 1970":      {ptr(time.Unix(-1, 999999999)), "c7 0c ff 3b9ac9ff ffffffffffffffff"},
		"a time of seconds":       {ptr(time.Unix(1, 0)), "d6 ff 00000001"},
		"a time of nanoseconds":   {ptr(time.Unix(1, 1)), "d7 ff 0000000400000001"},
		"text":                    {ptr(netip.MustParseAddr("1.2.3.4")), "a7 312e322e332e34"},
		"bytes are bin":           {ptr([2]byte{1, 2}), "c4 02 0102"},
		"JSON is what it spells":  {ptr(json.RawMessage(`[1.0, "x"]`)), "92 cb3ff0000000000000 a178"},
		"the outer field wins":    {&outer{inner: inner{A: 1, B: "x"}, A: "o"}, "84 a141 01 a162 a178 a76f757465725f61 a16f a143 c0"},
		"an interface's content":  {ptr([]fmt.Stringer{time.Duration(1)}), "91 01"},
		"a duration is an int":    {ptr(time.Duration(5)), "05"},
		"no field at all":         {&struct{}{}, "80"},
		"sixteen keys, one empty": {ptr(manyFields()), "de 0010"},
	} {
		b := encode(t, c.p, nil)
		want := strings.ReplaceAll(c.want, " ", "")
		require.Equal(t, want, fmt.Sprintf("%x", b)[:min(len(want), 2*len(b))], name)
	}
}

// manyFields has 17 keys, one of which is left out.
func manyFields() any {
	var fields []reflect.StructField
	for i := range 17 {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[int](), Tag: map[bool]reflect.StructTag{true: `json:",omitempty"`}[i == 9]})
	}
	return reflect.New(reflect.StructOf(fields)).Elem().Interface()
}

func TestDynamicValuesAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		b    []byte
		want any
	}{
		"nil":             {[]byte{0xc0}, nil},
		"bool":            {[]byte{0xc3}, true},
		"fixint":          {[]byte{0x05}, int64(5)},
		"negative":        {[]byte{0xff}, int64(-1)},
		"int8":            {[]byte{0xd0, 0x80}, int64(-128)},
		"int16":           {[]byte{0xd1, 0xff, 0xfe}, int64(-2)},
		"int32":           {[]byte{0xd2, 0x80, 0, 0, 0}, int64(math.MinInt32)},
		"int64":           {msgp.AppendInt64(nil, math.MinInt64), int64(math.MinInt64)},
		"positive int16":  {[]byte{0xd1, 0x01, 0x00}, int64(256)},
		"uint64":          {msgp.AppendUint64(nil, math.MaxInt64), int64(math.MaxInt64)},
		"large uint64":    {msgp.AppendUint64(nil, math.MaxUint64), uint64(math.MaxUint64)},
		"float32":         {msgp.AppendFloat32(nil, 0.5), 0.5},
		"float64":         {msgp.AppendFloat64(nil, 0.1), 0.1},
		"string":          {msgp.AppendString(nil, "x"), "x"},
		"bytes":           {msgp.AppendBytes(nil, []byte("x")), []byte("x")},
		"empty bytes":     {[]byte{0xc4, 0}, []byte{}},
		"timestamp":       {msgp.AppendTimeExt(nil, time.Unix(5, 6)), time.Unix(5, 6).UTC()},
		"msgp's own time": {msgp.AppendTime(nil, time.Unix(-5, 6)), time.Unix(-5, 6).UTC()},
		"array":           {[]byte{0x92, 0x90, 0xc0}, []any{[]any{}, nil}},
		"map":             {[]byte{0x81, 0xa1, 'k', 0x80}, map[string]any{"k": map[string]any{}}},
	} {
		got, err := DecodeValue(c.b, nil, Limits{})
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
	for name, b := range map[string][]byte{
		"a key that is a number":     {0x81, 0x01, 0xc0},
		"a key that is a map":        {0x81, 0x80, 0xc0},
		"an unknown ext":             {0xd4, 0x01, 0x00},
		"a timestamp of 3 bytes":     {0xc7, 3, 0xff, 0, 0, 0},
		"2³⁰ ns":                     {0xd7, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0},
		"a second out of range":      {0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"complex numbers of msgp":    msgp.AppendComplex64(nil, 1),
		"an opaque value's handle":   append([]byte{0xd8, 0x41}, make([]byte, 16)...),
		"an opaque without a handle": {0xd4, 0x41, 0x00},
	} {
		_, err := DecodeValue(b, nil, Limits{})
		var e *Error
		require.ErrorAs(t, err, &e, name)
	}
}
