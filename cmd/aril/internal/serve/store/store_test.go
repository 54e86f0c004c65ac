package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func TestAnInstanceGoesThroughItsLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in, existed, err := s.Start(ctx, store.Instance{
			Domain: "shop", Workflow: "order", FlowVersion: "1.0.0", Key: "o-1", State: "new", Status: store.Active, Tags: []string{"a"},
			Attributes: []byte(`{"n": 1}`),
		}, store.Transition{Key: "start", To: "new", By: "ann"})
		require.NoError(t, err)
		require.False(t, existed)
		require.Equal(t, "ann", in.CreatedBy)
		require.WithinDuration(t, time.Now(), in.CreatedAt, time.Minute)

		got, err := s.Get(ctx, "shop", "order", "o-1")
		require.NoError(t, err)
		require.Equal(t, in, got)

		next := got
		next.State, next.Status = "done", store.Completed
		done, err := s.Apply(ctx, next, got.ETag, store.Transition{Key: "finish", From: "new", To: "done", By: "bob"})
		require.NoError(t, err)
		require.NotEqual(t, got.ETag, done.ETag)
		got, err = s.Get(ctx, "shop", "order", in.ID)
		require.NoError(t, err)
		require.Equal(t, done, got)

		items, more, err := s.List(ctx, "shop", "order", query.Query{Page: 1, Size: 10})
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, []store.Instance{done}, items)

		ts, more, err := s.History(ctx, in.ID, 1, 10)
		require.NoError(t, err)
		require.False(t, more)
		require.Len(t, ts, 2)
		require.Equal(t, "finish", ts[1].Key)
	})
}
