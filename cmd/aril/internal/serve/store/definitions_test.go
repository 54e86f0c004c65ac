package store_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestDefinitionsAreKeptWhole(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		ctx := t.Context()
		s, err := store.Open(ctx, url, store.Options{})
		require.NoError(t, err)
		docs, err := s.Definitions().Load(ctx)
		require.NoError(t, err)
		require.Empty(t, docs)

		// Bytes as they are: comments of the author, blanks, and what is no UTF-8.
		docs = []enrich.Document{{Name: "a.json", JSON: []byte("{ \"key\": 1.0,\n\"x\":\"\\u0000\xff\"}")}, {Name: "b.json", JSON: []byte(strings.Repeat("b", 1<<20))}}
		require.NoError(t, s.Definitions().Save(ctx, docs))
		next := []enrich.Document{docs[0], {Name: "b.json", JSON: []byte("{}")}, {Name: "c.json", JSON: []byte("{}")}}
		require.NoError(t, s.Definitions().Save(ctx, next))
		require.NoError(t, s.Close())

		got, err := storetest.Open(t, url).Definitions().Load(ctx)
		require.NoError(t, err)
		require.Equal(t, next, got)
	})
}

func TestDefinitionsOfAnotherProcessAreNotLost(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		ctx := t.Context()
		a, b := storetest.Open(t, url).Definitions(), storetest.Open(t, url).Definitions()
		one := []enrich.Document{{Name: "one", JSON: []byte("1")}}
		two := []enrich.Document{{Name: "two", JSON: []byte("2")}}
		for _, s := range []enrich.Store{a, b} {
			_, err := s.Load(ctx)
			require.NoError(t, err)
		}
		require.NoError(t, a.Save(ctx, one))
		require.ErrorIs(t, b.Save(ctx, two), store.ErrChanged)
		got, err := b.Load(ctx)
		require.NoError(t, err)
		require.Equal(t, one, got)
		require.NoError(t, b.Save(ctx, append(one, two...)))
		require.ErrorIs(t, a.Save(ctx, one), store.ErrChanged)
		require.ErrorIs(t, b.Save(ctx, []enrich.Document{{Name: "\x00"}}), store.ErrInvalid)
		got, err = a.Load(ctx)
		require.NoError(t, err)
		require.Equal(t, append(one, two...), got)
	})
}

func TestOfManyThatSaveAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		var saved atomic.Int32
		var stores []enrich.Store
		for range 6 {
			s := storetest.Open(t, url).Definitions()
			_, err := s.Load(t.Context())
			require.NoError(t, err)
			stores = append(stores, s)
		}
		var wg sync.WaitGroup
		for i, s := range stores {
			wg.Go(func() {
				switch err := s.Save(t.Context(), []enrich.Document{{Name: string(rune('a' + i)), JSON: []byte("{}")}}); {
				case err == nil:
					saved.Add(1)
				default:
					if !strings.Contains(err.Error(), store.ErrChanged.Error()) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, saved.Load())
		docs, err := stores[0].Load(t.Context())
		require.NoError(t, err)
		require.Len(t, docs, 1)
	})
}
