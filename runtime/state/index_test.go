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
		if grow := round/10_000%2 == 0; random.IntN(20) < 19 == grow {
			x.insert(key)
			model[key] = true
		} else {
			x.remove(key)
			delete(model, key)
		}
		requireShape(t, &x)
		if round%500 == 0 {
			requireContent(t, &x, model)
		}
	}
	for key := range model {
		x.remove(key)
	}
	requireContent(t, &x, map[string]bool{})
	require.Empty(t, x.blocks)
}

func requireShape(t *testing.T, x *index) {
	t.Helper()
	for i, b := range x.blocks {
		if len(b) == 0 || len(b) > blockKeys || i > 0 && len(b)+len(x.blocks[i-1]) <= blockKeys/2 {
			t.Fatalf("block %d of %d has %d keys", i, len(x.blocks), len(b))
		}
	}
}

func requireContent(t *testing.T, x *index, model map[string]bool) {
	t.Helper()
	want := []string{}
	for key := range model {
		want = append(want, key)
	}
	slices.Sort(want)
	got := append([]string{}, slices.Collect(x.from(""))...)
	require.Equal(t, want, got)
	for _, first := range []string{"0", "17", "2000", "39999", "4"} {
		at, _ := slices.BinarySearch(want, first)
		require.Equal(t, want[at:], append([]string{}, slices.Collect(x.from(first))...))
	}
}
