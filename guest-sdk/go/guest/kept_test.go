//go:build !wasip1

package guest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// tally has its methods on the pointer, as types of authors do.
type tally struct{ n int64 }

func (s *tally) AppendMsgpack(b []byte) []byte { return msgpack.AppendInt(b, s.n) }

func (s *tally) DecodeMsgpack(r *msgpack.Reader) error {
	s.n = r.Int()
	return r.Err()
}

// within runs f as an activation, whose State holds what is given.
func within(t *testing.T, state map[string][]byte, f func()) *guesttest.Harness {
	t.Helper()
	h := load(t, guesttest.Config{State: state}, func(*guest.Operation, guest.Next) (guest.Value, error) {
		f()
		return guest.Of(nil), nil
	})
	_, err := h.Wrap(guesttest.Operation{}, nil, nil)
	require.NoError(t, err)
	return h
}

func TestAMapKeepsValuesOfItsType(t *testing.T) {
	t.Parallel()
	h := within(t, map[string][]byte{"metric": []byte("x"), "metrics": []byte("y"), "metrics0": []byte("z")}, func() {
		m := guest.Map[tally]("metrics")
		_, err := m.Get("a")
		require.ErrorIs(t, err, guest.ErrNotFound)
		require.NoError(t, m.Set("b", tally{2}))
		require.NoError(t, m.Update("a", func(s *tally) { s.n++ }))
		require.NoError(t, m.Update("a", func(s *tally) { s.n++ }))
		got, err := m.Get("a")
		require.NoError(t, err)
		require.Equal(t, tally{2}, got)
		n, err := m.Len()
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.NoError(t, m.Set("c", tally{3}))
		all, err := m.All()
		require.NoError(t, err)
		require.Equal(t, map[string]tally{"a": {2}, "b": {2}, "c": {3}}, all)
		v, err := m.Value().Any()
		require.NoError(t, err)
		require.Equal(t, map[string]any{"a": int64(2), "b": int64(2), "c": int64(3)}, v)
		require.NoError(t, m.Delete("c"))
		require.NoError(t, m.Delete("c"))
		require.NoError(t, m.Delete("b"))
	})
	require.Equal(t, map[string][]byte{"metric": []byte("x"), "metrics": []byte("y"), "metrics0": []byte("z"), "metrics/a": {2}}, h.State())
	within(t, map[string][]byte{"m/a": {1}, "m/b": {1}, "n/a": {1}}, func() {
		require.NoError(t, guest.Map[int]("m").Clear())
		n, err := guest.Map[int]("m").Len()
		require.NoError(t, err)
		require.Zero(t, n)
		n, err = guest.Map[int]("n").Len()
		require.NoError(t, err)
		require.Equal(t, 1, n)
	})
}

func TestAnUpdateLosesNothingThatIsStoredMeanwhile(t *testing.T) {
	t.Parallel()
	within(t, nil, func() {
		v := guest.Var[int64]("n")
		tries := 0
		require.NoError(t, v.Update(func(n *int64) {
			if tries++; tries < 3 { // somebody else is faster
				require.NoError(t, v.Set(int64(tries*10)))
			}
			*n++
		}))
		got, err := v.Get()
		require.NoError(t, err)
		require.Equal(t, int64(21), got)
		require.Equal(t, 3, tries)
		require.NoError(t, v.Delete())
		require.NoError(t, v.Delete())
	})
}

func TestWhatIsOfAnotherTypeStaysAsItIs(t *testing.T) {
	t.Parallel()
	h := within(t, map[string][]byte{"v": {0xa1, 'x'}, "c": {1}}, func() {
		require.ErrorContains(t, guest.Var[int]("v").Update(func(*int) { t.Error("called") }), "not an integer")
		_, err := guest.Counter("c").Get()
		require.ErrorIs(t, err, guest.ErrInvalid)
		_, err = guest.Counter("c").Add(1)
		require.ErrorIs(t, err, guest.ErrInvalid)
		require.ErrorContains(t, guest.Var[chan int]("v").Set(nil), "AppendMsgpack")
		require.ErrorContains(t, guest.Var[any]("v").Update(func(x *any) { *x = make(chan int) }), "AppendMsgpack")
		require.ErrorIs(t, guest.Map[int](strings.Repeat("k", 510)).Set("key", 1), guest.ErrInvalid)
		_, err = guest.Map[int](strings.Repeat("k", 511)).All()
		require.NoError(t, err)
		require.ErrorIs(t, guest.Map[int](strings.Repeat("k", 512)).Value().Err(), guest.ErrInvalid)
	})
	require.Equal(t, map[string][]byte{"v": {0xa1, 'x'}, "c": {1}}, h.State())
}

func TestACounterCounts(t *testing.T) {
	t.Parallel()
	within(t, nil, func() {
		c := guest.Counter("c")
		n, err := c.Get()
		require.NoError(t, err)
		require.Zero(t, n)
		n, err = c.Add(5)
		require.NoError(t, err)
		require.Equal(t, int64(5), n)
		_, err = c.Add(-7)
		require.NoError(t, err)
		n, err = c.Get()
		require.NoError(t, err)
		require.Equal(t, int64(-2), n)
		require.NoError(t, c.Reset())
		n, err = c.Get()
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// tabled answers calls by a table, and the others itself.
type tabled struct{}

func (tabled) Methods() guest.Methods {
	return guest.Methods{
		"double": guest.Func(func(n int) (any, error) { return 2 * n, nil }),
		"fail":   func(guest.Value) (guest.Value, error) { return guest.Value{}, errors.New("as asked") },
	}
}

func (tabled) Call(method string, _ guest.Value) (guest.Value, error) {
	if method == "other" {
		return guest.Of("from Call"), nil
	}
	return guest.Pass, nil
}

func TestMethodsAreFoundByNameAndTheOthersByCall(t *testing.T) {
	t.Parallel()
	h := guesttest.New(t, guesttest.Native(func() any { return tabled{} }), guesttest.Config{})
	got, err := h.Call("double", 21)
	require.NoError(t, err)
	require.Equal(t, int64(42), got)
	got, err = h.Call("double", nil)
	require.NoError(t, err)
	require.Equal(t, int64(0), got)
	_, err = h.Call("double", "a text")
	require.EqualError(t, err, "msgpack: at byte 0: found a string, not an integer")
	_, err = h.Call("fail", nil)
	require.EqualError(t, err, "as asked")
	got, err = h.Call("other", nil)
	require.NoError(t, err)
	require.Equal(t, "from Call", got)
	_, err = h.Call("none", nil)
	require.ErrorIs(t, err, guesttest.ErrNoMethod)
}
