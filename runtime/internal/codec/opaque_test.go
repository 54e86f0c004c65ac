package codec

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"reflect"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

type pair[A, B any] struct {
	first  A
	second B
}

type everythingOpaque struct {
	DB       *sql.DB
	Chan     chan int
	Func     func() int
	Complex  complex128
	Pointer  unsafe.Pointer
	Err      error
	Concrete *fs.PathError
	Ctx      context.Context
	Mu       *sync.Mutex
	Map      map[[2]int]string
	Any      any
	List     []any
	ByName   map[string]*bytes.Buffer
	Reader   io.Reader
	Generic  pair[int, *sql.DB]
}

func anOpaqueStruct() *everythingOpaque {
	return &everythingOpaque{
		DB: &sql.DB{}, Chan: make(chan int), Func: func() int { return 42 }, Complex: 1 + 2i, Pointer: unsafe.Pointer(new(int)),
		Err: io.EOF, Concrete: &fs.PathError{Op: "open"}, Ctx: context.WithValue(context.Background(), pair[int, int]{}, 1), Mu: &sync.Mutex{},
		Map: map[[2]int]string{{1, 2}: "x"}, Any: &sync.Once{}, List: []any{make(chan string), errors.New("x")},
		ByName: map[string]*bytes.Buffer{"b": {}}, Reader: bytes.NewReader(nil), Generic: pair[int, *sql.DB]{first: 1, second: &sql.DB{}},
	}
}

func TestOpaqueValuesComeBackAsThemselves(t *testing.T) {
	t.Parallel()
	var h Handles
	was := anOpaqueStruct()
	b := encode(t, was, &h)
	for _, base := range []any{nil, was, &everythingOpaque{}} {
		var got everythingOpaque
		decode(t, b, &got, base, &h)
		require.Equal(t, 42, got.Func())
		require.Same(t, was.DB, got.DB)
		require.True(t, was.Chan == got.Chan)
		require.Equal(t, was.Pointer, got.Pointer)
		require.Equal(t, was.Complex, got.Complex)
		require.Same(t, was.Concrete, got.Concrete)
		require.True(t, got.Err == io.EOF)
		require.True(t, was.Ctx == got.Ctx)
		require.Same(t, was.Mu, got.Mu)
		require.Equal(t, was.Map, got.Map)
		require.Same(t, was.Any, got.Any)
		require.Equal(t, was.List, got.List)
		require.Same(t, was.ByName["b"], got.ByName["b"])
		require.True(t, was.Reader == got.Reader)
		require.Equal(t, was.Generic, got.Generic)
	}
}

func TestNilOpaqueValuesAreNil(t *testing.T) {
	t.Parallel()
	var h Handles
	b := encode(t, &everythingOpaque{}, &h)
	require.Len(t, h.held, 2, "the complex number and the generic struct cannot be nil")
	got := *anOpaqueStruct()
	decode(t, b, &got, anOpaqueStruct(), &h)
	require.Equal(t, everythingOpaque{}, got)
}

func TestOpaqueOnTheWireIsHandleAndTypeName(t *testing.T) {
	t.Parallel()
	var h Handles
	for want, v := range map[string]any{
		"*sql.DB":                     &sql.DB{},
		"chan int":                    make(chan int),
		"codec.pair[int,*sql.DB]":     pair[int, *sql.DB]{},
		"codec.pair[[]string,sql.DB]": pair[[]string, sql.DB]{},
		"*errors.errorString":         io.EOF,
		"func(*sql.DB) error":         func(*sql.DB) error { return nil },
	} {
		b, err := AppendValue(nil, v, &h, Limits{})
		require.NoError(t, err)
		require.Equal(t, []byte{0xc7, byte(16 + len(want)), names.ExtOpaque}, b[:3])
		require.Equal(t, want, string(b[19:]))
		got, ok := h.Lookup([16]byte(b[3:19]))
		require.True(t, ok)
		require.Equal(t, reflect.TypeOf(v), reflect.TypeOf(got))
	}
	unnamed := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "F", Type: reflect.TypeFor[func(pair[string, string], pair[string, string], pair[string, string], pair[string, string])]()}})).Interface()
	require.Len(t, typeName(reflect.TypeOf(unnamed)), 100, "long names are cut")
}

func TestTheSamePointerKeepsItsHandle(t *testing.T) {
	t.Parallel()
	var h Handles
	db := &sql.DB{}
	first, _ := h.Hold(db)
	second, _ := h.Hold(db)
	other, _ := h.Hold(&sql.DB{})
	require.Equal(t, first, second)
	require.NotEqual(t, first, other)
}

func TestHandlesAreBoundedAndRandom(t *testing.T) {
	t.Parallel()
	h := Handles{Max: 100}
	seen := make(map[[16]byte]bool)
	var ones [128]int
	for range 100 {
		handle, ok := h.Hold(func() {})
		require.True(t, ok)
		require.False(t, seen[handle])
		seen[handle] = true
		for i := range ones {
			ones[i] += int(handle[i/8] >> (i % 8) & 1)
		}
	}
	for i, n := range ones { // a bit that is stuck would be 0 or 100
		require.InDelta(t, 50, n, 45, "bit %d", i)
	}
	_, ok := h.Hold(func() {})
	require.False(t, ok)
	_, err := AppendValue([]byte("kept"), []any{func() {}}, &h, Limits{})
	require.ErrorIs(t, err, abi.ErrOverLimit)
	h.Reset()
	_, ok = h.Hold(func() {})
	require.True(t, ok)
}

func TestAHandleIsDeadAfterReset(t *testing.T) {
	t.Parallel()
	var h Handles
	type conn struct{ DB *sql.DB }
	was := &conn{&sql.DB{}}
	b := encode(t, was, &h)
	h.Reset()
	var got conn
	err := For(reflect.TypeFor[conn]()).Decode(b, &got, was, &h, Limits{})
	var e *Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, ErrStale)
	require.Equal(t, "DB", e.Path)
	require.Equal(t, conn{}, got)
	_, err = DecodeValue(b, &h, Limits{})
	require.ErrorIs(t, err, ErrStale)
	_, err = DecodeValue(b, nil, Limits{})
	require.ErrorIs(t, err, ErrStale)
}

func TestOpaqueValuesFitOnlyTheirType(t *testing.T) {
	t.Parallel()
	var h Handles
	db, err := AppendValue(nil, &sql.DB{}, &h, Limits{})
	require.NoError(t, err)
	for _, p := range []any{new(int), new(string), new(*sync.Mutex), new(sync.Mutex), new([]int), new(map[string]int), new(struct{ A int }), new(error), new([4]byte), new(order), new(*order), new(io.Reader)} {
		err := For(reflect.TypeOf(p).Elem()).Decode(db, p, nil, &h, Limits{})
		require.ErrorContains(t, err, "an opaque *sql.DB is no ", "%T", p)
	}
	for _, p := range []any{new(*sync.Mutex), new(chan int), new(error), new(complex64), new(func())} {
		require.Error(t, For(reflect.TypeOf(p).Elem()).Decode([]byte{0x81, 0xa1, 'k', 0x01}, p, nil, &h, Limits{}), "%T", p)
	}
	var raw json.RawMessage
	require.ErrorContains(t, For(reflect.TypeFor[json.RawMessage]()).Decode(db, &raw, nil, &h, Limits{}), "no JSON")
	var any any
	decode(t, db, &any, nil, &h)
	require.IsType(t, &sql.DB{}, any)
}

func TestWithoutASessionOpaqueValuesAreRefused(t *testing.T) {
	t.Parallel()
	out, err := AppendValue([]byte("kept"), map[string]any{"a": []any{1, make(chan int)}}, nil, Limits{})
	require.EqualError(t, err, "a[1]: cannot encode a chan int, and opaque values are not allowed here")
	require.Equal(t, "kept", string(out))
}

func TestAStructWithHiddenFieldsOnlyIsNotOpaque(t *testing.T) {
	t.Parallel()
	type secret struct {
		Token string `aril:"-"`
	}
	require.Equal(t, []byte{0x80}, encode(t, &secret{"x"}, nil))
	type locked struct {
		sync.Mutex
		N int
	}
	require.Equal(t, append([]byte{0x81, 0xa1}, 'N', 0x07), encode(t, &locked{N: 7}, nil))
	type onlyLocked struct{ sync.Mutex }
	var h Handles
	encode(t, &onlyLocked{}, &h)
	require.Len(t, h.held, 1)
}
