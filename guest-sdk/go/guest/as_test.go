package guest_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// point decodes itself.
type point struct{ X, Y int }

func (p *point) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "x":
			p.X = int(r.Int())
		case "y":
			p.Y = int(r.Int())
		}
	}
	return r.Err()
}

func as[T any](t *testing.T, want T, x any) {
	t.Helper()
	got, err := guest.As[T](guest.Of(x))
	require.NoError(t, err)
	require.Equal(t, want, got)
	zero, err := guest.As[T](guest.Value{})
	require.NoError(t, err, "nil is the zero value")
	require.Zero(t, zero)
}

func TestAsDecodesTheTypesItNames(t *testing.T) {
	t.Parallel()
	as(t, true, true)
	as(t, "x", "x")
	as(t, []byte{1}, []byte{1})
	as(t, -5, -5)
	as(t, int8(-128), -128)
	as(t, int16(math.MinInt16), math.MinInt16)
	as(t, int32(math.MaxInt32), math.MaxInt32)
	as(t, int64(math.MinInt64), int64(math.MinInt64))
	as(t, uint(5), 5.0)
	as(t, uint8(255), 255)
	as(t, uint16(65535), 65535)
	as(t, uint32(math.MaxUint32), uint32(math.MaxUint32))
	as(t, uint64(math.MaxUint64), uint64(math.MaxUint64))
	as(t, 1.5, 1.5)
	as(t, float32(1.5), 1.5)
	as(t, []string{"a", "b"}, []string{"a", "b"})
	as(t, map[string]string{"a": "b"}, map[string]string{"a": "b"})
	as(t, []any{int64(1)}, []int{1})
	as(t, map[string]any{"a": int64(1)}, map[string]int{"a": 1})
	as[any](t, "x", "x")
	as(t, guest.Timestamp{Seconds: 1, Nanoseconds: 2}, guest.Timestamp{Seconds: 1, Nanoseconds: 2})
	as(t, time.Unix(1, 2).UTC(), time.Unix(1, 2).In(time.FixedZone("x", 3600)))
	as(t, time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC))
	as(t, point{1, 2}, map[string]any{"x": 1, "z": []int{3}, "y": 2})

	v, err := guest.As[guest.Value](guest.Of(7))
	require.NoError(t, err)
	as7, err := guest.As[int](v)
	require.NoError(t, err)
	require.Equal(t, 7, as7)
}

func refused[T any](t *testing.T, x any) {
	t.Helper()
	_, err := guest.As[T](guest.Of(x))
	require.Error(t, err)
}

func TestAsRefusesWhatTheTypeDoesNotHold(t *testing.T) {
	t.Parallel()
	refused[int8](t, 128)
	refused[int16](t, -32769)
	refused[int32](t, 1<<31)
	refused[int64](t, uint64(math.MaxUint64))
	refused[uint](t, -1)
	refused[uint8](t, 256)
	refused[uint16](t, 65536)
	refused[uint32](t, 1<<32)
	refused[int](t, 1.5)
	refused[float64](t, int64(math.MaxInt64))
	refused[string](t, 1)
	refused[bool](t, 1)
	refused[[]string](t, []int{1})
	refused[map[string]string](t, []string{"a"})
	refused[map[string]any](t, []string{"a"})
	refused[[]any](t, "x")
	refused[time.Time](t, "2020-01-01")
	refused[point](t, map[string]any{"x": "1"})
	refused[struct{ X int }](t, map[string]any{"X": 1})
	_, err := guest.As[int](guest.Raw([]byte{1, 2}))
	require.Error(t, err, "bytes after the value")
}

func TestOrStandsInForWhatIsMissing(t *testing.T) {
	t.Parallel()
	v := guest.Of(map[string]any{"n": 3, "nil": nil, "text": "x"})
	for path, want := range map[string]int{"n": 3, "nil": 9, "none": 9} {
		got, err := guest.Or(v.Get(path), 9)
		require.NoError(t, err)
		require.Equal(t, want, got, path)
	}
	_, err := guest.Or(v.Get("text"), 9)
	require.Error(t, err)
	_, err = guest.Or(guest.Of(make(chan int)), 9)
	require.Error(t, err)
}

func TestAValueCarriesTheFirstErrorAlong(t *testing.T) {
	t.Parallel()
	v := guest.Of(map[string]any{"a": 1})
	for _, bad := range []guest.Value{
		guest.Of(make(chan int)), guest.Of(make(chan int)).Get("x"), guest.Of(make(chan int)).Set("x", 1), guest.Of(make(chan int)).Delete("x"),
		v.Set("x", make(chan int)), v.Set(), v.Set("a", 0, 1), v.Set(1.5, 1), v.Get("b"), v.Get("a", "b"), guest.Of([]any{guest.Of(make(chan int))}),
		guest.Raw([]byte{0xc1}).Get("x"), guest.Pass,
	} {
		require.Error(t, bad.Err())
		_, err := bad.Any()
		require.Equal(t, bad.Err(), err)
		_, err = bad.Reader()
		require.Equal(t, bad.Err(), err)
	}
	require.ErrorIs(t, v.Get("b").Err(), guest.ErrNotFound)
	require.NoError(t, v.Delete("b").Err())
	require.NoError(t, v.Err())
	b, err := v.Bytes()
	require.NoError(t, err)
	require.Equal(t, []byte("\x81\xa1a\x01"), b)
}

func TestAnErrorSaysWhichPartItWas(t *testing.T) {
	t.Parallel()
	v := guest.Of(map[string]any{"lines": []any{map[string]any{"count": "x", "big": 300}}})
	line := v.Get("lines", 0)
	_, err := guest.As[int](line.Get("count"))
	require.EqualError(t, err, "lines[0].count: found a string, not an integer")
	_, err = guest.As[int8](line.Get("big"))
	require.EqualError(t, err, "lines[0].big: guest: the number does not fit the type")
	_, err = guest.As[int](line.Get("none"))
	require.EqualError(t, err, "lines[0].none: aril: not_found")
	require.ErrorIs(t, err, guest.ErrNotFound)
	require.Equal(t, "not_found", guest.Code(err))
	_, err = guest.As[int](guest.Of("x"))
	require.EqualError(t, err, "msgpack: at byte 0: found a string, not an integer")
}
