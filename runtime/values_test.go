package runtime

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

func TestValuesCrossAsTheyDoForAGuest(t *testing.T) {
	t.Parallel()
	var v Values
	type bag struct {
		Name string
		Pipe chan int
	}
	in := bag{"b", make(chan int)}
	msg, err := v.Append([]byte("kept"), in)
	require.NoError(t, err)
	require.Equal(t, "kept", string(msg[:4]))
	out, err := v.Decode(msg[4:], reflect.TypeFor[bag](), nil)
	require.NoError(t, err)
	require.Equal(t, in, out, "what cannot be encoded comes back as itself")
	out, err = v.Decode(msg[4:], nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"Name": "b", "Pipe": in.Pipe}, out)

	var other Values
	_, err = other.Decode(msg[4:], nil, nil)
	require.ErrorContains(t, err, "stale")

	msg, err = v.Append(nil, map[string]any{"X": 5})
	require.NoError(t, err)
	out, err = v.Decode(msg, reflect.TypeFor[*point](), &point{X: 1, note: "kept"})
	require.NoError(t, err)
	require.Equal(t, &point{X: 5, note: "kept"}, out)
	_, err = v.Decode(msg, reflect.TypeFor[int](), nil)
	require.Error(t, err)
}

func TestAnErrorGivenBackIsTheVeryError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	v := Values{Extension: "audit"}
	msg := v.AppendError(nil, boom)
	made, err := v.DecodeError(msg)
	require.NoError(t, err)
	require.Same(t, boom, made)

	told, err := abi.DecodeError(msg)
	require.NoError(t, err)
	require.Equal(t, "boom", told.Message)
	told.Message = "worse"
	made, err = v.DecodeError(abi.AppendError(nil, told))
	require.NoError(t, err)
	require.ErrorIs(t, made, boom, "one that was changed wraps it")
	require.Equal(t, &Error{Extension: "audit", ErrorCode: "error", Message: "worse", Cause: boom}, made)

	made, err = v.DecodeError(abi.AppendError(nil, &abi.Error{Code: "mine", Message: "m", Cause: &abi.Error{Code: "error", Message: "boom", Handle: told.Handle}}))
	require.NoError(t, err)
	require.ErrorIs(t, made, boom, "so does one that names it as its cause")
	require.Equal(t, "m: boom", made.Error())

	_, err = new(Values).DecodeError(msg)
	require.ErrorContains(t, err, "stale")
	_, err = v.DecodeError([]byte{0xc1})
	require.ErrorIs(t, err, abi.ErrMalformed)
}

func TestAnErrorShowsWhatThePowersAllow(t *testing.T) {
	t.Parallel()
	secret := fmt.Errorf("dial 10.0.0.7: %w", errors.New("refused"))
	var hidden []error
	v := Values{Powers: ObserveOnly, Hidden: func(_ string, err error) { hidden = append(hidden, err) }}
	told, err := abi.DecodeError(v.AppendError(nil, secret))
	require.NoError(t, err)
	require.Regexp(t, "^internal error [0-9a-f]{12}$", told.Message)
	require.Nil(t, told.Cause)
	require.Equal(t, []error{secret}, hidden)

	v = Values{Powers: ReadErrorText}
	told, err = abi.DecodeError(v.AppendError(nil, secret))
	require.NoError(t, err)
	require.Equal(t, "dial 10.0.0.7: refused", told.Message)
	require.Equal(t, "refused", told.Cause.Message)
}

func TestPowersOfAGuestAreWhatItHas(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	for given, want := range map[Powers]Powers{0: AllPowers, ObserveOnly: ObserveOnly, Skip | Repeat: Skip | Repeat} {
		g := load(t, rt, "pass", ExtensionConfig{Powers: given})
		require.Equal(t, want, g.Powers())
		require.Equal(t, want != ObserveOnly, g.Powers().Has(Skip))
		require.Equal(t, want == AllPowers, g.Powers().Has(Skip|ReadInput))
	}
	require.True(t, Powers(0).Has(AllPowers))
}

type stubborn struct{}

func (stubborn) Error() string   { return "no" }
func (stubborn) Retryable() bool { return false }

type patient struct{ error }

func (patient) Retryable() bool { return true }
func (p patient) Unwrap() error { return p.error }

func TestWhatAnExtensionSaysOfItsErrorIsNotOverruledByTheCause(t *testing.T) {
	t.Parallel()
	var v Values
	told := v.describeError(&Error{ErrorCode: "missing", Retryable: true, Cause: stubborn{}}, 0)
	require.True(t, told.Retryable)
	require.False(t, told.Cause.Retryable)
	require.True(t, v.describeError(patient{&Error{ErrorCode: "missing"}}, 0).Retryable, "the host's word comes after")
	require.Equal(t, names.ErrorExtension, v.describeError(&Error{ErrorCode: "x", Cause: &CallError{Err: ErrTrap}}, 0).Kind)
	require.Equal(t, names.ErrorBroken, v.describeError(fmt.Errorf("as seen from here: %w", &CallError{Err: ErrTrap}), 0).Kind)
}
