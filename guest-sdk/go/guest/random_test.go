//go:build !wasip1

package guest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

type drawer struct{ drawn []uint64 }

func (d *drawer) Wrap(*Operation, Next) (Value, error) {
	d.drawn = append(d.drawn, Rand.Uint64(), Rand.Uint64())
	return Pass, nil
}

func TestRandIsSeededFromTheHeaderInEachActivation(t *testing.T) {
	t.Parallel()
	d := new(drawer)
	g := host.NewGuest(d, false)
	seed := [names.EntropySize]byte{1, 2, 3}
	header, err := (&abi.Operation{Entropy: seed[:]}).MarshalMsg(nil)
	require.NoError(t, err)
	copy(g.Mailbox(), header)
	// The host is not asked for anything.
	type none struct{ host.Host }
	for range 2 {
		result := host.Enter(g, none{}, func() uint32 { return g.Wrap(uint32(len(header))) })
		require.EqualValues(t, names.HookPass, result)
	}
	want := rand.NewChaCha8(seed)
	first, second := want.Uint64(), want.Uint64()
	require.Equal(t, []uint64{first, second, first, second}, d.drawn)
}
