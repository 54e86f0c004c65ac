package scope

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a page shows must be what sorting everything shows, whatever was
// resolved and released in between.
func TestPagesAreWindowsOfTheSortedEntries(t *testing.T) {
	t.Parallel()
	var all []*Executor[int]
	for i := range 60 {
		all = append(all, Provide(func(context.Context, *Controller) (int, error) { return i, nil }))
	}
	registry := make([]AnyExecutor, 0, 20)
	for _, e := range all[40:] {
		registry = append(registry, e)
	}
	slices.Reverse(registry)
	s, err := New(t.Context(), Config{Registry: registry})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		e := all[random.IntN(len(all))]
		if random.IntN(3) > 0 {
			_, err = Resolve(t.Context(), s, e)
		} else {
			if err = s.Release(t.Context(), e); errors.Is(err, ErrNotResolved) {
				err = nil
			}
		}
		require.NoError(t, err)
		after, limit := all[random.IntN(len(all))].ID()-uint64(random.IntN(2)), random.IntN(8)
		for _, registered := range []bool{false, true} {
			var want []AnyExecutor
			list := s.Entries()
			if registered {
				list = s.sortedRoster()
			}
			for _, e := range list {
				if e.ID() > after && len(want) < limit {
					want = append(want, e)
				}
			}
			require.Equal(t, ids(want), ids(s.page(after, limit, registered)))
		}
	}
}

func ids(list []AnyExecutor) (ids []uint64) {
	for _, e := range list {
		ids = append(ids, e.ID())
	}
	return ids
}
