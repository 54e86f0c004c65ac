package codec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

type (
	ring    struct{ Next *ring }
	self    *self
	listed  []listed
	branchy struct{ A, B *branchy }
	loud    struct{ N int }
	lazy    struct{ N int }
	liar    struct{ Out []byte }
	scream  struct{ A int }
)

func (loud) MarshalText() ([]byte, error)  { panic("loud") }
func (*loud) UnmarshalText(b []byte) error { panic(errors.New("loud too")) }
func (*lazy) MarshalText() ([]byte, error) { return nil, errors.New("lazy") }
func (l *liar) MarshalMsg(b []byte) ([]byte, error) {
	switch string(l.Out) {
	case "panic":
		panic(strings.Repeat("liar ", 1000))
	case "shorter":
		return nil, nil
	}
	return append(b, l.Out...), nil
}
func (l *liar) UnmarshalMsg(b []byte) ([]byte, error) {
	if string(b) == "\x01" {
		panic("liar")
	}
	return b, nil
}
func (scream) IsZero() bool { panic("scream") }

// echo says what it read.
type echo struct{}

func (echo) MarshalText() ([]byte, error)  { return nil, nil }
func (*echo) UnmarshalText(b []byte) error { return errors.New(string(b)) }

// evil is an error that cannot be read.
type evil struct{}

func (evil) Error() string                        { panic("evil") }
func (evil) MarshalMsg([]byte) ([]byte, error)    { return nil, evil{} }
func (*evil) UnmarshalMsg([]byte) ([]byte, error) { panic(evil{}) }

type msgpRing struct {
	Next *msgpRing
	Any  any
}

func (r *msgpRing) MarshalMsg(b []byte) ([]byte, error) {
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "Next")
	var err error
	if r.Next == nil {
		b = msgp.AppendNil(b)
	} else if b, err = r.Next.MarshalMsg(b); err != nil {
		return b, err
	}
	return msgp.AppendIntf(msgp.AppendString(b, "Any"), r.Any)
}
func (r *msgpRing) UnmarshalMsg(b []byte) ([]byte, error) { return msgp.Skip(b) }

func TestNoValueBreaksTheEncoder(t *testing.T) {
	t.Parallel()
	loop := &ring{}
	loop.Next = loop
	var me self
	me = &me
	list := listed{nil}
	list[0] = list
	var any any
	any = &any
	anyMap := map[string]interface{}{}
	anyMap["m"] = anyMap
	dag := &branchy{}
	for range 40 {
		dag = &branchy{dag, dag}
	}
	deepOK := []interface{}{}
	for range 63 {
		deepOK = []interface{}{deepOK}
	}
	mloop := &msgpRing{}
	mloop.Next = mloop
	mdag := &msgpRing{Any: 1}
	for range 30 {
		mdag = &msgpRing{Next: mdag, Any: map[string]interface{}{"a": mdag}}
	}
	many := make(map[string]interface{})
	many["m"] = &msgpRing{Any: many}
	for name, c := range map[string]struct {
		v    interface{}
		want error // nil: any *Error
	}{
		"a ring":                                  {loop, abi.ErrOverLimit},
		"a pointer to nothing but itself":         {me, errSessionless},
		"a slice that contains itself":            {list, abi.ErrOverLimit},
		"an interface that contains itself":       {any, abi.ErrOverLimit},
		"a map that contains itself":              {anyMap, abi.ErrOverLimit},
		"2⁴⁰ leaves":                              {dag, abi.ErrOverLimit},
		"65 levels":                               {[]interface{}{deepOK}, abi.ErrOverLimit},
		"a ring with methods":                     {mloop, abi.ErrOverLimit},
		"2³⁰ leaves with methods":                 {mdag, abi.ErrOverLimit},
		"a ring through methods and a map":        {many, abi.ErrOverLimit},
		"a method that panics":                    {loud{}, nil},
		"a key whose method panics":               {map[loud]int{{}: 1}, nil},
		"an error that panics":                    {&evil{}, evil{}},
		"a method that returns an error":          {&lazy{}, nil},
		"MarshalMsg that panics":                  {&liar{[]byte("panic")}, nil},
		"MarshalMsg that shortens":                {[]interface{}{1, &liar{[]byte("shorter")}}, errShortened},
		"MarshalMsg that writes nothing":          {&liar{}, abi.ErrMalformed},
		"MarshalMsg that writes two values":       {&liar{[]byte{1, 2}}, abi.ErrMalformed},
		"MarshalMsg that writes half a one":       {&liar{[]byte{0x92, 1}}, abi.ErrMalformed},
		"MarshalMsg deeper than what is left":     {nest(63, &liar{[]byte{0x91, 0x91, 1}}), abi.ErrOverLimit},
		"a container by MarshalMsg at the bottom": {nest(64, &liar{[]byte{0x90}}), abi.ErrOverLimit},
		"IsZero that panics": {struct {
			S scream `json:",omitzero"`
		}{}, nil},
		"JSON that is none":          {struct{ J interface{} }{rawJSON("{")}, nil},
		"JSON of two values":         {rawJSON("1 2"), nil},
		"JSON too large for a float": {rawJSON("[1e999]"), nil},
		"two keys of one text":       {map[sameText]int{1: 1, 2: 2}, nil},
		"more bytes than allowed":    {bytes.Repeat([]byte("x"), 4<<20), abi.ErrOverLimit},
		"a string too long":          {strings.Repeat("x", 4<<20), abi.ErrOverLimit},
		"a slice too long":           {make([]struct{}, 4<<20), abi.ErrOverLimit},
		"an array too long":          {make([]interface{}, 5<<20), abi.ErrOverLimit},
	} {
		out, err := AppendValue([]byte("kept"), c.v, nil, Limits{})
		var e *Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, "kept", string(out), name)
		require.Less(t, len(err.Error()), 600, name)
		if c.want == errSessionless {
			require.ErrorContains(t, err, "opaque", name)
		} else if c.want != nil {
			require.ErrorIs(t, err, c.want, name)
		}
	}
	for name, v := range map[string]interface{}{
		"64 levels":                            deepOK,
		"a scalar by MarshalMsg at the bottom": nest(64, &liar{[]byte{1}}),
		"nil pointers that have methods":       []interface{}{(*loud)(nil), (*lazy)(nil), (*liar)(nil), (*order)(nil)},
		"nil of every kind":                    []interface{}{[]int(nil), map[string]int(nil), (*int)(nil), (func())(nil), (chan int)(nil), map[[2]int]int(nil), (error)(nil), (map[int]encoding.TextMarshaler)(nil)},
		"exactly the bytes allowed":            bytes.Repeat([]byte("x"), 4<<20-5),
		"a short ring's members one by one":    []interface{}{loop.Next != nil},
	} {
		b, err := AppendValue(nil, v, nil, Limits{})
		require.NoError(t, err, name)
		require.NoError(t, abi.Scan(b, abi.ScanLimits{}), name)
	}
}

var errSessionless = errors.New("")

type sameText int

func (sameText) MarshalText() ([]byte, error) { return []byte("same"), nil }

// nest puts v into n arrays.
func nest(n int, v any) any {
	for range n {
		v = []any{v}
	}
	return v
}

func TestMethodsThatBreakWhileDecodingAreErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p any
		b []byte
	}{
		"UnmarshalText that panics":          {new(loud), []byte{0xa1, 'x'}},
		"a key's UnmarshalText that panics":  {new(map[loud]int), []byte{0x81, 0xa1, 'x', 1}},
		"a type without UnmarshalText":       {new(lazy), []byte{0xa1, 'x'}},
		"a key without UnmarshalText":        {new(map[sameText]int), []byte{0x81, 0xa1, 'x', 1}},
		"UnmarshalMsg that panics":           {new(liar), []byte{1}},
		"UnmarshalMsg that leaves bytes":     {new(liar), []byte{2}},
		"UnmarshalMsg that panics with evil": {new(evil), []byte{1}},
		"UnmarshalMsg that refuses":          {new(order), []byte{0x81, 0xa2, 'i', 'd', 1}},
		"a guest's text in a method's error": {new(map[string]order), []byte{0x81, 0xa1, 'k', 0x81, 0xa2, 'i', 'd', 1}},
		"a guest's text quoted by a method":  {new(echo), []byte{0xa3, '\n', 0x1b, '['}},
		"a base with a key that panics":      {new(map[loud]int), []byte{0x80}},
	} {
		var base any
		if m, ok := c.p.(*map[loud]int); ok && strings.HasPrefix(name, "a base") {
			*m = nil
			base = &map[loud]int{{1}: 1}
		}
		err := For(reflect.TypeOf(c.p).Elem()).Decode(c.b, c.p, base, nil, Limits{})
		var e *Error
		require.ErrorAs(t, err, &e, name)
		require.True(t, reflect.ValueOf(c.p).Elem().IsZero(), name)
		require.Less(t, len(err.Error()), 300, name)
		require.NotContains(t, err.Error(), "\n", name)
	}
}

// allocated tells how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	f()
	goruntime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestMemoryIsChargedBeforeItIsAllocated(t *testing.T) {
	// Not parallel: it measures what the process allocates.
	type kilobyte struct{ A [128]int }
	type methodical struct{ Orders []order }
	emptyMaps := append(msgp.AppendArrayHeader(nil, 1<<19), bytes.Repeat([]byte{0x80}, 1<<19)...)
	nils := append(msgp.AppendArrayHeader(nil, 1<<19), bytes.Repeat([]byte{0xc0}, 1<<19)...)
	pairs := append(msgp.AppendMapHeader(nil, 1<<18), bytes.Repeat([]byte{0xa0, 0x80}, 1<<18)...)
	orders := append(append([]byte{0x81}, msgp.AppendString(nil, "lines")...), emptyMaps...)
	for name, c := range map[string]struct {
		p any
		b []byte
	}{
		"a slice of large structs":           {new([]kilobyte), emptyMaps},
		"a slice of pointers to them":        {new([]*kilobyte), emptyMaps},
		"a map to them":                      {new(map[string]kilobyte), pairs},
		"dynamic arrays":                     {new(any), nils},
		"dynamic maps":                       {new(any), emptyMaps},
		"boxes":                              {new(any), append(msgp.AppendArrayHeader(nil, 1<<17), bytes.Repeat([]byte{0xa1, 'x'}, 1<<17)...)},
		"strings of one byte":                {new([]any), append(msgp.AppendArrayHeader(nil, 1<<18), bytes.Repeat([]byte{0xa1, 'x'}, 1<<18)...)},
		"a slice of arrays":                  {new([][1024]int), nils},
		"a generated method's slice":         {new(order), orders},
		"a generated method's slice, inside": {new(methodical), append(append([]byte{0x81}, msgp.AppendString(nil, "Orders")...), append([]byte{0x91}, orders...)...)},
		"slices of slices":                   {new([][]kilobyte), append(msgp.AppendArrayHeader(nil, 1<<16), bytes.Repeat([]byte{0x91, 0x80}, 1<<16)...)},
		"maps of maps":                       {new([]map[string]kilobyte), append(msgp.AppendArrayHeader(nil, 1<<16), bytes.Repeat([]byte{0x81, 0xa0, 0x80}, 1<<16)...)},
	} {
		var err error
		typ := For(reflect.TypeOf(c.p).Elem())
		used := allocated(func() { err = typ.Decode(c.b, c.p, nil, nil, Limits{Memory: 4 << 20}) })
		require.ErrorIs(t, err, abi.ErrOverLimit, name)
		require.Less(t, used, uint64(6<<20), name)
	}
	// The same limits let honest values through.
	honest := make([]line, 10_000)
	var got []line
	require.NoError(t, For(reflect.TypeFor[[]line]()).Decode(encode(t, &honest, nil), &got, nil, nil, Limits{Memory: 4 << 20}))
	require.Len(t, got, 10_000)
}

func TestLimitsAreCheckedOnDecode(t *testing.T) {
	t.Parallel()
	b := []byte{0x93, 1, 2, 3}
	for name, l := range map[string]Limits{
		"bytes": {Bytes: 3}, "elements": {Elements: 3}, "memory": {Memory: 8},
	} {
		_, err := DecodeValue(b, nil, l)
		require.ErrorIs(t, err, abi.ErrOverLimit, name)
		var got []int
		require.ErrorIs(t, For(reflect.TypeFor[[]int]()).Decode(b, &got, nil, nil, l), abi.ErrOverLimit, name)
		require.Nil(t, got)
	}
	_, err := DecodeValue(b, nil, Limits{abi.Unlimited, abi.Unlimited, abi.Unlimited})
	require.NoError(t, err)
}

func TestABaseThatContainsItselfIsRefusedOrCut(t *testing.T) {
	t.Parallel()
	var any interface{}
	any = &any
	got := new(interface{})
	decode(t, []byte{5}, got, &any, nil)
	loop := &ring{}
	loop.Next = loop
	var r ring
	decode(t, []byte{0x81, 0xa4, 'N', 'e', 'x', 't', 0x80}, &r, loop, nil)
	require.Same(t, loop, r.Next.Next, "what the message does not reach is shared")
	m := &msgpRing{}
	m.Next = m
	require.ErrorIs(t, For(reflect.TypeFor[msgpRing]()).Decode([]byte{0x80}, new(msgpRing), m, nil, Limits{}), abi.ErrOverLimit)
}

// A fewHandles holds every value under a handle that fuzzing can guess.
type fewHandles []any

func (s *fewHandles) Hold(v any) (handle [16]byte, ok bool) {
	for i, held := range *s {
		if reflect.TypeOf(held) == reflect.TypeOf(v) {
			return [16]byte{byte(i)}, true
		}
	}
	*s = append(*s, v)
	return [16]byte{byte(len(*s) - 1)}, true
}

func (s *fewHandles) Lookup(handle [16]byte) (any, bool) {
	if i := int(handle[0]); i < len(*s) {
		return (*s)[i], true
	}
	return nil, false
}

func FuzzDecode(f *testing.F) {
	var h fewHandles
	cases := []struct{ new, base any }{
		{new(account), anAccount()},
		{new(order), &anOrder},
		{new(any), ptr(any(aMap))},
		{new(fixed), nil},
		{new(tree), &tree{1, &tree{}, nil}},
		{new(outer), &outer{Deep: &Deep{}}},
		{new(map[int]*[]any), &map[int]*[]any{1: {1, "x"}}},
		{new(map[string]string), nil},
		{new([]abi.Error), &[]abi.Error{{Code: "c", Cause: &abi.Error{}}}},
		{new(everythingOpaque), anOpaqueStruct()},
		{new(msgpRing), &msgpRing{}},
		{new(rawJSONs), &rawJSONs{rawJSON("{}"), "1"}},
		{new(map[time.Time][]byte), &map[time.Time][]byte{{}: {1}}},
	}
	bases := make([][]byte, len(cases))
	for i, c := range cases {
		p := c.base
		if p == nil {
			p = c.new
		}
		b, err := For(reflect.TypeOf(p).Elem()).Append(nil, p, &h, Limits{})
		require.NoError(f, err)
		f.Add(b)
		if c.base != nil {
			bases[i] = b
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const memory = 64 << 10
		for i, c := range cases {
			typ := For(reflect.TypeOf(c.new).Elem())
			src := bytes.Clone(b)
			var err error
			used := allocated(func() { err = typ.Decode(src, c.new, c.base, &h, Limits{Memory: memory}) })
			require.Less(t, used, uint64(8*memory), "%T", c.new)
			if bases[i] != nil {
				now, err := typ.Append(nil, c.base, &h, Limits{})
				require.NoError(t, err)
				require.Equal(t, bases[i], now, "%T: the base changed", c.new)
			}
			if err != nil {
				var e *Error
				require.ErrorAs(t, err, &e)
				require.True(t, reflect.ValueOf(c.new).Elem().IsZero())
				continue
			}
			first, err := typ.Append(nil, c.new, &h, Limits{})
			require.NoError(t, err, "%T", c.new)
			clear(src)
			second, err := typ.Append(nil, c.new, &h, Limits{})
			require.NoError(t, err)
			require.Equal(t, first, second, "%T: the value aliases the message", c.new)
			again := reflect.New(typ.GoType()).Interface()
			// Onto the value itself: an omitted empty field would come back from the base.
			require.NoError(t, typ.Decode(first, again, c.new, &h, Limits{}))
			third, err := typ.Append(nil, again, &h, Limits{})
			require.NoError(t, err)
			require.Equal(t, first, third, "%T: a second round changes it", c.new)
		}
	})
}

type (
	rawJSON  = json.RawMessage
	rawJSONs struct {
		Raw    rawJSON
		Number json.Number
	}
)
