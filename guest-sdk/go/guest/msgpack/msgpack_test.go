package msgpack_test

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

func TestNumbersKeepTheirValueOrAreRefused(t *testing.T) {
	t.Parallel()
	type want struct {
		i   int64
		u   uint64
		f   float64
		bad string // which of "iuf" are refused
	}
	for _, c := range []struct {
		b    []byte
		want want
	}{
		{msgpack.AppendInt(nil, 0), want{0, 0, 0, ""}},
		{msgpack.AppendInt(nil, -1), want{-1, 0, -1, "u"}},
		{msgpack.AppendInt(nil, math.MinInt64), want{math.MinInt64, 0, math.MinInt64, "u"}},
		{msgpack.AppendInt(nil, math.MaxInt64), want{math.MaxInt64, math.MaxInt64, 0, "f"}},
		{msgpack.AppendUint(nil, math.MaxUint64), want{0, math.MaxUint64, 0, "if"}},
		{msgpack.AppendUint(nil, 1<<63), want{0, 1 << 63, 1 << 63, "i"}},
		{msgpack.AppendInt(nil, 1<<53+1), want{1<<53 + 1, 1<<53 + 1, 0, "f"}},
		{msgpack.AppendFloat(nil, 7), want{7, 7, 7, ""}},
		{msgpack.AppendFloat32(nil, -7), want{-7, 0, -7, "u"}},
		{msgpack.AppendFloat(nil, 0.5), want{0, 0, 0.5, "iu"}},
		{msgpack.AppendFloat(nil, 1<<63), want{0, 1 << 63, 1 << 63, "i"}},
		{msgpack.AppendFloat(nil, 1<<64), want{0, 0, 1 << 64, "iu"}},
		{msgpack.AppendFloat(nil, math.Inf(-1)), want{0, 0, math.Inf(-1), "iu"}},
		{[]byte{0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80}, want{-128, 0, -128, "u"}}, // wider than needed
		{[]byte{0xd0, 5}, want{5, 5, 5, ""}},
		{msgpack.AppendNil(nil), want{0, 0, 0, ""}},
		{msgpack.AppendStr(nil, "7"), want{0, 0, 0, "iuf"}},
	} {
		r := msgpack.NewReader(c.b)
		require.Equal(t, c.want.i, r.Int(), "%x", c.b)
		require.Equal(t, strings.Contains(c.want.bad, "i"), r.End() != nil, "%x as int", c.b)
		r = msgpack.NewReader(c.b)
		require.Equal(t, c.want.u, r.Uint(), "%x", c.b)
		require.Equal(t, strings.Contains(c.want.bad, "u"), r.End() != nil, "%x as uint", c.b)
		r = msgpack.NewReader(c.b)
		require.Equal(t, c.want.f, r.Float(), "%x", c.b)
		require.Equal(t, strings.Contains(c.want.bad, "f"), r.End() != nil, "%x as float", c.b)
	}
}

func TestLengthsAtTheEdgesOfEveryFormatAreWrittenAsTinylibWritesThem(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 255, 256, 257, 65535, 65536, 65537} {
		b := bytes.Repeat([]byte{'x'}, n)
		require.Equal(t, msgp.AppendString(nil, string(b)), msgpack.AppendStr(nil, string(b)), n)
		require.Equal(t, msgp.AppendBytes(nil, b), msgpack.AppendBin(nil, b), n)
		require.Equal(t, msgp.AppendArrayHeader(nil, uint32(n)), msgpack.AppendArray(nil, n))
		require.Equal(t, msgp.AppendMapHeader(nil, uint32(n)), msgpack.AppendMap(nil, n))
		ext := msgp.RawExtension{Type: 5}
		_, err := msgp.ReadExtensionBytes(msgpack.AppendExt(nil, 5, b), &ext) // it writes some lengths longer than need be
		require.NoError(t, err)
		require.Equal(t, b, append([]byte{}, ext.Data...))

		r := msgpack.NewReader(msgpack.AppendExt(msgpack.AppendBin(msgpack.AppendStr(nil, string(b)), b), -7, b))
		require.Equal(t, string(b), r.Str())
		require.Equal(t, b, r.Bin())
		typ, data := r.Ext()
		require.Equal(t, int8(-7), typ)
		require.Equal(t, b, data)
		require.NoError(t, r.End())
		r = msgpack.NewReader(append(msgpack.AppendArray(nil, n), b...))
		require.Equal(t, n, r.Array())
		r = msgpack.NewReader(append(append(msgpack.AppendMap(nil, n), b...), b...))
		require.Equal(t, n, r.Map())
	}
}

func TestAnyAgreesWithTinylib(t *testing.T) {
	t.Parallel()
	v := map[string]any{
		"nil": nil, "true": true, "int": int64(-5), "float": 2.5, "text": "x", "bytes": []byte{0, 255},
		"list": []any{int64(1), "two", []any{}}, "map": map[string]any{"deep": map[string]any{}}, "time": time.Unix(9, 8).UTC(),
	}
	b, err := msgpack.AppendAny(nil, v)
	require.NoError(t, err)
	got, rest, err := msgp.ReadIntfBytes(b)
	require.NoError(t, err)
	require.Empty(t, rest)
	got.(map[string]any)["time"] = got.(map[string]any)["time"].(time.Time).UTC()
	require.Equal(t, v, got)

	b, err = msgp.AppendIntf(nil, v)
	require.NoError(t, err)
	r := msgpack.NewReader(b)
	got = r.Any()
	require.NoError(t, r.End())
	delete(got.(map[string]any), "time") // tinylib writes times in a format of its own
	delete(v, "time")
	require.Equal(t, v, got)
}

func TestMapKeysAreWrittenInOrder(t *testing.T) {
	t.Parallel()
	for n := range 200 {
		m := map[string]int{}
		var want []string
		for i := range n {
			key := strconv.Itoa(i * 7919 % 1009)
			m[key] = i
			want = append(want, key)
		}
		slices.Sort(want)
		b, err := msgpack.AppendAny(nil, m)
		require.NoError(t, err)
		r := msgpack.NewReader(b)
		var got []string
		for key := range r.Fields() {
			got = append(got, key)
		}
		require.NoError(t, r.End())
		require.Equal(t, want, got)
	}
}

type point struct{ x, y int64 }

func (p point) AppendMsgpack(b []byte) []byte {
	return msgpack.AppendInt(msgpack.AppendInt(msgpack.AppendArray(b, 2), p.x), p.y)
}

func TestAppendAnyTakesWhatItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ v, want any }{
		{int8(-1), int64(-1)}, {int16(-1), int64(-1)}, {int32(-1), int64(-1)}, {uint(1), int64(1)}, {uint8(1), int64(1)},
		{uint16(1), int64(1)}, {uint32(1), int64(1)}, {float32(1.5), float32(1.5)}, {point{1, 2}, []any{int64(1), int64(2)}},
		{[]string{"a"}, []any{"a"}}, {[]int{1}, []any{int64(1)}}, {[]int64{1}, []any{int64(1)}}, {[]float64{1}, []any{1.0}},
		{[]bool{true}, []any{true}}, {[]map[string]any{{}}, []any{map[string]any{}}}, {[]any(nil), nil}, {map[string]any(nil), nil},
		{map[string]string{"a": "b"}, map[string]any{"a": "b"}}, {map[string]int{"a": 1}, map[string]any{"a": int64(1)}},
		{map[string]int64{"a": 1}, map[string]any{"a": int64(1)}}, {map[string]float64{"a": 1}, map[string]any{"a": 1.0}},
		{map[string]bool{"a": true}, map[string]any{"a": true}}, {time.Unix(3, 4), msgpack.Timestamp{Seconds: 3, Nanoseconds: 4}},
	} {
		b, err := msgpack.AppendAny(nil, c.v)
		require.NoError(t, err, "%T", c.v)
		r := msgpack.NewReader(b)
		require.Equal(t, c.want, r.Any(), "%T", c.v)
		require.NoError(t, r.End())
	}
	for _, v := range []any{struct{}{}, make(chan int), []any{new(int)}, map[string]any{"f": func() {}}, map[int]int{}} {
		_, err := msgpack.AppendAny(nil, v)
		require.Error(t, err, "%T", v)
	}
}

func TestNestingIsBoundedBothWays(t *testing.T) {
	t.Parallel()
	var v any
	for range msgpack.MaxDepth {
		v = []any{v}
	}
	b, err := msgpack.AppendAny(nil, v)
	require.NoError(t, err)
	r := msgpack.NewReader(b)
	require.Equal(t, v, r.Any())
	require.NoError(t, r.End())

	_, err = msgpack.AppendAny(nil, []any{v})
	require.Error(t, err)
	_, err = msgpack.AppendAny(nil, map[string]any{"": v})
	require.Error(t, err)
	r = msgpack.NewReader(append([]byte{0x91}, b...))
	r.Any()
	require.Error(t, r.End())

	r = msgpack.NewReader(append(bytes.Repeat([]byte{0x91}, 1_000_000), 0xc0))
	r.Skip()
	require.NoError(t, r.End(), "Skip does not recurse")
}

func TestCountsThatTheMessageCannotHoldAllocateNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []string{
		"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff\x01",
		"\xdf\x80\x00\x00\x00aaaa", "\xdc\xff\xff" + strings.Repeat("\xc0", 1000),
	} {
		for what, read := range map[string]func(r *msgpack.Reader){
			"Any": func(r *msgpack.Reader) { r.Any() }, "Skip": func(r *msgpack.Reader) { r.Skip() },
			"Bin": func(r *msgpack.Reader) { r.Bin() }, "Str": func(r *msgpack.Reader) { r.Str() },
			"Ext": func(r *msgpack.Reader) { r.Ext() }, "Map": func(r *msgpack.Reader) { r.Map() },
			"Array":  func(r *msgpack.Reader) { r.Array() },
			"Fields": func(r *msgpack.Reader) { r.Fields()(func(string) bool { return true }) },
			"Items":  func(r *msgpack.Reader) { r.Items()(func(int) bool { return true }) },
		} {
			r := msgpack.NewReader([]byte(b))
			read(r)
			require.Error(t, r.End(), "%s of %x", what, b)
		}
	}
}

func TestFieldsAndItemsSkipWhatTheLoopDoesNotRead(t *testing.T) {
	t.Parallel()
	b, err := msgpack.AppendAny(nil, map[string]any{"a": []any{1, 2}, "b": "x", "c": []int{3, 4, 5}})
	require.NoError(t, err)
	r := msgpack.NewReader(b)
	var keys []string
	sum := int64(0)
	for key := range r.Fields() {
		keys = append(keys, strings.Clone(key))
		if key != "c" {
			continue
		}
		for i := range r.Items() {
			if i != 1 {
				sum += r.Int()
			}
		}
	}
	require.NoError(t, r.End())
	require.Equal(t, []string{"a", "b", "c"}, keys)
	require.Equal(t, int64(8), sum)

	r = msgpack.NewReader(msgpack.AppendNil(nil))
	for range r.Fields() {
		t.Error("nil has no fields")
	}
	require.NoError(t, r.End())

	r = msgpack.NewReader([]byte{0x81, 0x01, 0x02})
	for range r.Fields() {
		t.Error("the key is no string")
	}
	require.EqualError(t, r.Err(), "msgpack: at byte 1: found an integer, not a string")
}

func TestTheFirstErrorSticks(t *testing.T) {
	t.Parallel()
	r := msgpack.NewReader(msgpack.AppendBool(msgpack.AppendStr(nil, "x"), true))
	require.False(t, r.Bool())
	first := r.Err()
	require.EqualError(t, first, "msgpack: at byte 0: found a string, not a bool")
	require.Empty(t, r.Str())
	r.Skip()
	require.Nil(t, r.Any())
	require.Equal(t, msgpack.KindNone, r.Kind())
	require.Same(t, first, r.End())
	require.EqualError(t, msgpack.NewReader([]byte{0xc0, 0xc0}).End(), "msgpack: at byte 0: bytes after the value")
}

func TestPathsFindSetAndDelete(t *testing.T) {
	t.Parallel()
	encode := func(v any) []byte {
		b, err := msgpack.AppendAny(nil, v)
		require.NoError(t, err)
		return b
	}
	decode := func(b []byte) any {
		r := msgpack.NewReader(b)
		v := r.Any()
		require.NoError(t, r.End())
		return v
	}
	of15 := map[string]any{}
	for i := range 15 {
		of15[string(rune('a'+i))] = int64(i)
	}
	for name, c := range map[string]struct {
		in   any
		path []any
		want any // after setting the path to "new"; nil when it cannot be
		rest any // after deleting it; nil when it is not there
	}{
		"the whole":            {int64(1), nil, "new", nil},
		"a key":                {map[string]any{"a": int64(1), "b": int64(2)}, []any{"a"}, map[string]any{"a": "new", "b": int64(2)}, map[string]any{"b": int64(2)}},
		"a missing key":        {map[string]any{"a": int64(1)}, []any{"b"}, map[string]any{"a": int64(1), "b": "new"}, nil},
		"a key of nil":         {nil, []any{"a", "b"}, map[string]any{"a": map[string]any{"b": "new"}}, nil},
		"a deep key":           {map[string]any{"a": []any{map[string]any{"b": int64(1), "c": int64(2)}}}, []any{"a", 0, "b"}, map[string]any{"a": []any{map[string]any{"b": "new", "c": int64(2)}}}, map[string]any{"a": []any{map[string]any{"c": int64(2)}}}},
		"a missing deep key":   {map[string]any{"z": int64(1)}, []any{"a", 0, "b"}, map[string]any{"z": int64(1), "a": []any{map[string]any{"b": "new"}}}, nil},
		"an index":             {[]any{int64(1), int64(2)}, []any{1}, []any{int64(1), "new"}, []any{int64(1)}},
		"an index to append":   {[]any{int64(1)}, []any{1}, []any{int64(1), "new"}, nil},
		"an index past":        {[]any{int64(1)}, []any{2}, nil, nil},
		"a negative index":     {[]any{int64(1)}, []any{-1}, nil, nil},
		"an index past within": {map[string]any{}, []any{"a", 1}, nil, nil},
		"a key of text":        {"text", []any{"a"}, nil, nil},
		"an index of a map":    {map[string]any{"a": int64(1)}, []any{0}, nil, nil},
		"the sixteenth key": {of15, []any{"z"}, func() any {
			m := map[string]any{"z": "new"}
			for k, v := range of15 {
				m[k] = v
			}
			return m
		}(), nil},
		"a step of no kind": {map[string]any{}, []any{1.5}, nil, nil},
	} {
		in := encode(c.in)
		before := bytes.Clone(in)
		set, err := msgpack.Set(in, encode("new"), c.path...)
		require.Equal(t, c.want == nil, err != nil, name)
		if err == nil {
			require.Equal(t, c.want, decode(set), name)
			found, err := msgpack.Find(set, c.path...)
			require.NoError(t, err, name)
			require.Equal(t, encode("new"), found, name)
		}
		rest, err := msgpack.Delete(in, c.path...)
		require.Equal(t, c.rest == nil, err != nil, name)
		if err == nil {
			require.Equal(t, c.rest, decode(rest), name)
			_, err := msgpack.Find(rest, c.path...)
			require.ErrorIs(t, err, msgpack.ErrNotFound, name)
		}
		require.Equal(t, before, in, name)
	}
}

func TestSetKeepsEveryOtherByte(t *testing.T) {
	t.Parallel()
	// Heads that are longer than need be, and a key that is an integer.
	in := []byte{0xdf, 0, 0, 0, 2, 0x07, 0xd3, 0, 0, 0, 0, 0, 0, 0, 1, 0xda, 0, 1, 'a', 0xcd, 0, 5}
	got, err := msgpack.Set(in, []byte{0x09}, "a")
	require.NoError(t, err)
	require.Equal(t, append(in[:len(in)-3:len(in)-3], 0x09), got)
}

func FuzzReaderTakesWhatTheHostAccepts(f *testing.F) {
	for _, b := range []string{"\x81\xa1a\x93\x01\xcb????????\xc0", "\xd6\xff????", "\xc7\x11\x41????????????????x", "\x91\x91\x91\xc4\x01?", "\xdf\x00\x00\x00\x01\x01\x02", "\xc1"} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := msgpack.NewReader(b)
		r.Skip()
		skipped := r.End() == nil
		if abi.Scan(b, abi.ScanLimits{}) == nil {
			require.True(t, skipped)
		}
		r = msgpack.NewReader(b)
		v := r.Any()
		if r.End() != nil {
			return
		}
		require.True(t, skipped)
		again, err := msgpack.AppendAny(nil, v)
		require.NoError(t, err)
		require.NoError(t, abi.Scan(again, abi.ScanLimits{}))
		r = msgpack.NewReader(again)
		twice, err := msgpack.AppendAny(nil, r.Any())
		require.NoError(t, err)
		require.NoError(t, r.End())
		require.Equal(t, again, twice)
		for _, path := range [][]any{{"a"}, {0}, {"a", 1}} {
			set, err := msgpack.Set(b, []byte{0xc3}, path...)
			if err != nil {
				continue
			}
			found, err := msgpack.Find(set, path...)
			require.NoError(t, err)
			require.Equal(t, []byte{0xc3}, found)
		}
	})
}
