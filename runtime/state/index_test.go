package state

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnIndexKeepsOrderAndShapeThroughRandomChanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var x index
	model := map[string]bool{}
	for round := range 40_000 {
		key := fmt.Sprint(random.IntN(4000))
		// Grow, shrink, grow: so that blocks split, empty and join.
		if grow := round/10_000%2 == 0; random.IntN(10) < 7 == grow {
			x.insert(key)
			model[key] = true
		} else {
			x.remove(key)
			delete(model, key)
		}
		if round%500 == 0 {
			requireShape(t, &x, model)
		}
	}
	for key := range model {
		x.remove(key)
	}
	requireShape(t, &x, map[string]bool{})
}

func requireShape(t *testing.T, x *index, model map[string]bool) {
	t.Helper()
	want := []string{}
	for key := range model {
		want = append(want, key)
	}
	slices.Sort(want)
	got := append([]string{}, slices.Collect(x.from(""))...)
	require.Equal(t, want, got)
	for i, b := range x.blocks {
		require.NotEmpty(t, b)
		require.LessOrEqual(t, len(b), blockKeys)
		if i > 0 {
			require.Greater(t, len(b)+len(x.blocks[i-1]), blockKeys/2)
		}
	}
	for _, first := range []string{"0", "17", "2000", "39999", "4"} {
		at, _ := slices.BinarySearch(want, first)
		require.Equal(t, want[at:], append([]string{}, slices.Collect(x.from(first))...))
	}
}
