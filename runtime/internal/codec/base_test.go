package codec

import (
	"bytes"
	"encoding/json"
	"math/big"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

type account struct {
	Name    string
	Token   string `aril:"-"`
	private []string
	Limit   *limits
	Cards   []card
	ByName  map[string]*card
	Tags    map[string]string
	Extra   any
	Since   time.Time
	Sum     *big.Int
	IP      net.IP
	Key     []byte
	Hash    [2]byte
	*profile
}

type limits struct {
	Day, Month int
	used       int
}

type card struct {
	Number string
	pin    string
}

type profile struct {
	Email  string
	secret string
}

func anAccount() *account {
	return &account{
		Name: "ann", Token: "t0ken", private: []string{"p"},
		Limit:  &limits{10, 100, 7},
		Cards:  []card{{"1", "one"}, {"2", "two"}, {"3", "three"}},
		ByName: map[string]*card{"a": {"4", "four"}, "b": {"5", "five"}},
		Tags:   map[string]string{"x": "y"},
		Extra:  &card{"6", "six"},
		Since:  time.Date(2020, 1, 2, 3, 4, 5, 6, time.FixedZone("here", 3600)),
		Sum:    big.NewInt(1 << 40), IP: net.IPv4(1, 2, 3, 4), Key: []byte("key"), Hash: [2]byte{1, 2},
		profile: &profile{"a@b", "sss"},
	}
}

// reply makes a message of a guest.
func reply(t *testing.T, v map[string]any) []byte {
	t.Helper()
	b, err := AppendValue(nil, v, nil, Limits{})
	require.NoError(t, err)
	return b
}

func TestWhatAGuestDoesNotSpeakOfSurvives(t *testing.T) {
	t.Parallel()
	base := anAccount()
	var got account
	decode(t, reply(t, map[string]any{
		"Name":    "bob",
		"Token":   "stolen",
		"private": []any{"x"},
		"unknown": map[string]any{"a": 1},
		"Limit":   map[string]any{"Day": 11},
		"Cards":   []any{map[string]any{"Number": "1b"}, map[string]any{}},
		"ByName":  map[string]any{"b": map[string]any{"Number": "5b"}, "c": map[string]any{"Number": "7"}},
		"Extra":   map[string]any{"Number": "6b"},
		"Sum":     "5",
		"Email":   "b@b",
		"Since":   base.Since.Add(time.Hour),
	}), &got, base, nil)

	want := anAccount()
	want.Name = "bob"
	want.Limit.Day = 11
	want.Cards = []card{{"1b", "one"}, {"2", "two"}}
	want.ByName = map[string]*card{"b": {"5b", "five"}, "c": {"7", ""}}
	want.Extra = &card{"6b", "six"}
	want.Sum = big.NewInt(5)
	want.Email = "b@b"
	want.Since = base.Since.Add(time.Hour)
	require.Equal(t, want, &got)
	require.Equal(t, anAccount(), base, "the original must not change")
	require.Equal(t, "here", got.Since.Location().String())
}

func TestTheResultSharesNothingThatIsEncodedWithTheOriginal(t *testing.T) {
	t.Parallel()
	base := anAccount()
	b := encode(t, base, nil)
	var got account
	decode(t, b, &got, base, nil)
	require.Equal(t, base, &got)
	for i := range b {
		b[i] = '?'
	}
	require.Equal(t, anAccount(), &got, "the result must not alias the message")

	got.Limit.Day = -1
	got.Cards[0].Number = "-"
	got.ByName["a"].Number = "-"
	got.ByName["z"] = nil
	got.Tags["x"] = "-"
	got.Extra.(*card).Number = "-"
	got.Sum.SetInt64(-1)
	got.IP[15] = 9
	got.Key[0] = '-'
	got.Hash[0] = 9
	got.profile.Email = "-"
	require.Equal(t, anAccount(), base)
}

func TestMethodsOfMsgpDoNotReachTheOriginal(t *testing.T) {
	t.Parallel()
	base := anOrder
	base.Lines = append([]line(nil), anOrder.Lines...)
	changed := base
	changed.Lines = []line{{"other", 9}}
	b := encode(t, &changed, nil)
	var got order
	decode(t, b, &got, &base, nil)
	got.At = got.At.UTC() // generated methods give local times
	require.Equal(t, changed, got)
	require.Equal(t, anOrder, base)
	got.Lines[0].SKU = "-"
	require.Equal(t, anOrder, base)
}

func TestATimeThatDidNotChangeIsTheSame(t *testing.T) {
	t.Parallel()
	base := time.Now() // has a monotonic reading
	var got time.Time
	decode(t, encode(t, &base, nil), &got, &base, nil)
	require.True(t, base == got, "%v %v", base, got)
}

func TestABaseInAnInterfaceGivesItsType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		base, sent, want any
	}{
		"an int stays an int":               {5, 7, 7},
		"a float32 stays one":               {float32(1), 2, float32(2)},
		"a number for a string":             {"x", 7, int64(7)},
		"a string for a number":             {5, "x", "x"},
		"a struct":                          {card{"1", "p"}, map[string]any{"Number": "2"}, card{"2", "p"}},
		"a struct that does not fit":        {card{"1", "p"}, map[string]any{"Number": 2}, map[string]any{"Number": int64(2)}},
		"a typed slice":                     {[]uint8{1}, []byte{2}, []uint8{2}},
		"a typed map":                       {map[int]string{1: "a"}, map[int]string{2: "b"}, map[int]string{2: "b"}},
		"types deep in a tree":              {map[string]any{"a": []any{int8(1), card{"1", "p"}}}, map[string]any{"a": []any{2, map[string]any{}, 3}}, map[string]any{"a": []any{int8(2), card{"1", "p"}, int64(3)}}},
		"nil":                               {5, nil, nil},
		"an int that does not fit its size": {int8(1), 300, int64(300)},
		"nothing before":                    {nil, 300, int64(300)},
	} {
		b, err := AppendValue(nil, c.sent, nil, Limits{})
		require.NoError(t, err, name)
		var got any
		decode(t, b, &got, &c.base, nil)
		require.Equal(t, c.want, got, name)
	}
}

func TestAnInterfaceWithMethodsNeedsABaseThatFits(t *testing.T) {
	t.Parallel()
	type holder struct{ S interface{ String() string } }
	base := &holder{time.Duration(5)}
	var got holder
	decode(t, []byte{0x81, 0xa1, 'S', 0x07}, &got, base, nil)
	require.Equal(t, holder{time.Duration(7)}, got)
	decode(t, []byte{0x81, 0xa1, 'S', 0xc0}, &got, base, nil)
	require.Equal(t, holder{}, got)

	typ := For(reflect.TypeFor[holder]())
	require.EqualError(t, typ.Decode([]byte{0x81, 0xa1, 'S', 0x07}, &got, nil, nil, Limits{}), "S: 7 is no interface { String() string }")
	require.EqualError(t, typ.Decode([]byte{0x81, 0xa1, 'S', 0xa1, 'x'}, &got, base, nil, Limits{}), `S: "x" is no time.Duration`)
}

func TestTextKeysFindTheirValue(t *testing.T) {
	t.Parallel()
	here := time.FixedZone("here", 3600)
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, here)
	base := map[time.Time]card{at: {"1", "pin"}}
	var got map[time.Time]card
	decode(t, encode(t, &base, nil), &got, &base, nil)
	require.Equal(t, base, got)
}

func TestJSONThatDidNotChangeKeepsItsSpelling(t *testing.T) {
	t.Parallel()
	base := []json.RawMessage{json.RawMessage(`{ "b" : 1.0, "a" : [ ] }`), json.RawMessage(` 1`)}
	changed := []json.RawMessage{base[0], json.RawMessage(`{"x":"<"}`)}
	var got []json.RawMessage
	decode(t, encode(t, &changed, nil), &got, &base, nil)
	require.Equal(t, string(base[0]), string(got[0]))
	require.JSONEq(t, `{"x":"<"}`, string(got[1]))
	got[0][0] = '?'
	require.Equal(t, byte('{'), base[0][0])
}

func TestDecodingOntoItselfIsRefused(t *testing.T) {
	t.Parallel()
	n := 5
	require.ErrorContains(t, For(reflect.TypeFor[int]()).Decode([]byte{7}, &n, &n, nil, Limits{}), "itself")
	require.Equal(t, 5, n)
}

func TestWrongPointersAreErrors(t *testing.T) {
	t.Parallel()
	typ := For(reflect.TypeFor[int]())
	for _, p := range []any{nil, 5, new(string), (*int)(nil), new(*int)} {
		_, err := typ.Append(nil, p, nil, Limits{})
		require.Error(t, err, "%T", p)
		require.Error(t, typ.Decode([]byte{7}, p, nil, nil, Limits{}), "%T", p)
	}
	var n int
	require.Error(t, typ.Decode([]byte{7}, &n, new(string), nil, Limits{}))
	require.NoError(t, typ.Decode([]byte{7}, &n, (*int)(nil), nil, Limits{}))
	require.Equal(t, 7, n)
}

// sharer keeps what it reads, and writes into what it has.
type sharer struct {
	Data  []byte
	inner []int
}

func (s *sharer) MarshalMsg(b []byte) ([]byte, error) { return msgp.AppendBytes(b, s.Data), nil }
func (s *sharer) UnmarshalMsg(b []byte) ([]byte, error) {
	data, rest, err := msgp.ReadBytesZC(b)
	copy(s.Data, "??????")
	for i := range s.inner {
		s.inner[i] = -1
	}
	s.Data = data
	return rest, err
}

func TestCarelessMethodsGetCopies(t *testing.T) {
	t.Parallel()
	base := &sharer{[]byte("before"), []int{1, 2}}
	b := msgp.AppendBytes(nil, []byte("after"))
	var got sharer
	decode(t, b, &got, base, nil)
	require.Equal(t, &sharer{[]byte("before"), []int{1, 2}}, base)
	require.Equal(t, &sharer{[]byte("after"), []int{-1, -1}}, &got)
	copy(b, bytes.Repeat([]byte("?"), len(b)))
	require.Equal(t, "after", string(got.Data))
}
