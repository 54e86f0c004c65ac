package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func TestAPageThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		attributes := []byte(`{"text":"` + strings.Repeat("x", 9<<20) + `"}`)
		in := order("a")
		in.Attributes = attributes
		in, _, err := s.Start(t.Context(), in, store.Transition{Attributes: attributes})
		require.NoError(t, err)
		in, err = s.Apply(t.Context(), in, in.ETag, store.Transition{Attributes: attributes})
		require.NoError(t, err)
		second := order("b")
		second.Attributes = attributes
		_, _, err = s.Start(t.Context(), second, store.Transition{})
		require.NoError(t, err)

		_, _, err = s.List(t.Context(), "shop", "order", query.Query{Size: 2})
		require.ErrorIs(t, err, store.ErrTooLarge)
		items, more, err := s.List(t.Context(), "shop", "order", query.Query{Size: 1})
		require.NoError(t, err)
		require.Len(t, items, 1)
		require.True(t, more)

		_, _, err = s.History(t.Context(), in.ID, 1, 2)
		require.ErrorIs(t, err, store.ErrTooLarge)
		ts, more, err := s.History(t.Context(), in.ID, 2, 1)
		require.NoError(t, err)
		require.Len(t, ts, 1)
		require.False(t, more)
	})
}

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s := storetest.Open(t, url)
		used, idle, most := s.Connections()
		require.Zero(t, used)
		require.Positive(t, idle)
		require.GreaterOrEqual(t, most, 8)
	})
}
