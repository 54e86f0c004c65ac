package store_test

import (
	"fmt"
	"strings"
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
		t.Parallel()
		ctx := t.Context()
		in := order("o-1")
		in.Tags, in.Attributes = []string{"b", "a"}, []byte(`{"z": 1.50, "a": 1e2, "z": "\u00e9"}`)
		in, existed, err := s.Start(ctx, in, store.Transition{Key: "start", To: "new", By: "ann", Attributes: []byte(`{"first":true}`)})
		require.NoError(t, err)
		require.False(t, existed)
		require.Equal(t, "ann", in.CreatedBy)
		require.Equal(t, "ann", in.ModifiedBy)
		require.WithinDuration(t, time.Now(), in.CreatedAt, time.Minute)
		require.Equal(t, in.CreatedAt, in.ModifiedAt)
		require.Len(t, in.ID, 36)
		require.Len(t, in.ETag, 26)

		// Byte for byte, also what JSON leaves open.
		got, err := s.Get(ctx, "shop", "order", "o-1")
		require.NoError(t, err)
		require.Equal(t, in, got)
		got, err = s.Get(ctx, "shop", "order", strings.ToUpper(in.ID))
		require.NoError(t, err)
		require.Equal(t, in, got)

		next := got
		next.State, next.Status, next.FlowVersion, next.Key, next.Tags, next.Attributes = "done", store.Completed, "1.1.0", "o-2", nil, []byte(`{}`)
		next.CreatedBy, next.CreatedAt = "nobody may change this", time.Time{}
		done, err := s.Apply(ctx, next, got.ETag, store.Transition{Key: "finish", From: "new", To: "done", By: "bob"})
		require.NoError(t, err)
		require.NotEqual(t, got.ETag, done.ETag)
		require.Equal(t, "ann", done.CreatedBy)
		require.Equal(t, in.CreatedAt, done.CreatedAt)
		require.Equal(t, "bob", done.ModifiedBy)
		require.Equal(t, done.ModifiedAt, done.CompletedAt)
		require.False(t, done.ModifiedAt.Before(in.ModifiedAt))
		require.NotNil(t, done.Tags)
		got, err = s.Get(ctx, "shop", "order", "o-2")
		require.NoError(t, err)
		require.Equal(t, done, got)

		items, more, err := s.List(ctx, "shop", "order", query.Query{})
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, []store.Instance{done}, items)

		ts, more, err := s.History(ctx, in.ID, 1, 1)
		require.NoError(t, err)
		require.True(t, more)
		require.Len(t, ts, 1)
		require.Equal(t, store.Transition{ID: ts[0].ID, Instance: in.ID, Key: "start", To: "new", By: "ann", Attributes: []byte(`{"first":true}`), At: in.CreatedAt}, ts[0])
		ts, more, err = s.History(ctx, in.ID, 2, 1)
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, store.Transition{ID: ts[0].ID, Instance: in.ID, Key: "finish", From: "new", To: "done", By: "bob", At: done.ModifiedAt}, ts[0])
	})
}

func TestAnInstanceIsFoundInItsWorkflowAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		in, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
		require.NoError(t, err)
		for _, place := range [][3]string{
			{"shop", "invoice", in.ID}, {"bank", "order", in.ID}, {"shop", "order", "o-2"}, {"shop", "order", ""}, {"shop", "order", "O-1"},
			{"shop", "order", "o-1\x00"}, {"shop\x00", "order", "o-1"}, {"shop", "order", "\xff"}, {"shop", "order", "' OR '1'='1"}, {"shop", "order", "%"},
		} {
			_, err := s.Get(t.Context(), place[0], place[1], place[2])
			require.ErrorIs(t, err, store.ErrNotFound, "%q", place)
			elsewhere := in
			elsewhere.Domain, elsewhere.Workflow = place[0], place[1]
			if place[2] == in.ID {
				_, err = s.Apply(t.Context(), elsewhere, in.ETag, store.Transition{})
				require.ErrorIs(t, err, store.ErrNotFound)
			}
		}
		items, _, err := s.List(t.Context(), "shop", "invoice", query.Query{})
		require.NoError(t, err)
		require.Empty(t, items)
		items, _, err = s.List(t.Context(), "\xff", "order", query.Query{})
		require.NoError(t, err)
		require.Empty(t, items)
		ts, _, err := s.History(t.Context(), "no id", 1, 10)
		require.NoError(t, err)
		require.Empty(t, ts)
	})
}

func TestAnIDIsLookedForBeforeAKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		first, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
		require.NoError(t, err)
		second, _, err := s.Start(t.Context(), order(first.ID), store.Transition{})
		require.NoError(t, err)
		got, err := s.Get(t.Context(), "shop", "order", first.ID)
		require.NoError(t, err)
		require.Equal(t, first.ID, got.ID)

		other := order("0190ffff-ac96-774b-bcce-b302099a8057")
		third, _, err := s.Start(t.Context(), other, store.Transition{})
		require.NoError(t, err)
		got, err = s.Get(t.Context(), "shop", "order", other.Key)
		require.NoError(t, err)
		require.Equal(t, third, got)
		require.NotEqual(t, second.ID, third.ID)
	})
}

func TestAStaleWriteIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		in, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
		require.NoError(t, err)
		next, err := s.Apply(t.Context(), in, in.ETag, store.Transition{Key: "a"})
		require.NoError(t, err)
		_, err = s.Apply(t.Context(), in, in.ETag, store.Transition{Key: "b"})
		require.ErrorIs(t, err, store.ErrChanged)
		_, err = s.Apply(t.Context(), in, "", store.Transition{Key: "b"})
		require.ErrorIs(t, err, store.ErrChanged)
		got, err := s.Get(t.Context(), "shop", "order", in.ID)
		require.NoError(t, err)
		require.Equal(t, next, got)
		ts, _, err := s.History(t.Context(), in.ID, 1, 10)
		require.NoError(t, err)
		require.Len(t, ts, 2)
		in.ID = "0190ffff-ac96-774b-bcce-b302099a8057"
		_, err = s.Apply(t.Context(), in, in.ETag, store.Transition{})
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestAKeyBelongsToOneInstanceOfAWorkflow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		ctx := t.Context()
		in, _, err := s.Start(ctx, order("o-1"), store.Transition{Key: "start"})
		require.NoError(t, err)

		again := order("o-1")
		again.State, again.Attributes = "other", []byte(`{"other":true}`)
		got, existed, err := s.Start(ctx, again, store.Transition{Key: "start"})
		require.NoError(t, err)
		require.True(t, existed)
		require.Equal(t, in, got)
		ts, _, err := s.History(ctx, in.ID, 1, 10)
		require.NoError(t, err)
		require.Len(t, ts, 1)

		other, existed, err := s.Start(ctx, order("o-2"), store.Transition{})
		require.NoError(t, err)
		require.False(t, existed)
		taken := other
		taken.Key = "o-1"
		_, err = s.Apply(ctx, taken, other.ETag, store.Transition{})
		require.ErrorIs(t, err, store.ErrKeyTaken)

		elsewhere := order("o-1")
		elsewhere.Workflow = "invoice"
		_, existed, err = s.Start(ctx, elsewhere, store.Transition{})
		require.NoError(t, err)
		require.False(t, existed)
		for range 2 {
			_, existed, err = s.Start(ctx, order(""), store.Transition{})
			require.NoError(t, err)
			require.False(t, existed)
		}

		same := order("")
		same.ID = in.ID
		_, _, err = s.Start(ctx, same, store.Transition{})
		require.ErrorIs(t, err, store.ErrKeyTaken)
		same.Key = "o-3"
		_, _, err = s.Start(ctx, same, store.Transition{})
		require.ErrorIs(t, err, store.ErrKeyTaken)
	})
}

func TestPagesFollowOneAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
		for i := range 25 {
			in := order(fmt.Sprintf("o-%02d", i))
			in.CreatedAt = at // all at once: the id decides
			_, _, err := s.Start(t.Context(), in, store.Transition{})
			require.NoError(t, err)
		}
		seen := map[string]bool{}
		for page := 1; page <= 4; page++ {
			items, more, err := s.List(t.Context(), "shop", "order", query.Query{Page: page, Size: 10})
			require.NoError(t, err)
			require.Equal(t, page < 3, more)
			for _, in := range items {
				seen[in.ID] = true
			}
			require.Len(t, items, []int{10, 10, 5, 0}[page-1])
		}
		require.Len(t, seen, 25)
	})
}
