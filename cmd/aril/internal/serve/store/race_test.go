package store_test

import (
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

// order is an instance to start.
func order(key string) store.Instance {
	return store.Instance{Domain: "shop", Workflow: "order", FlowVersion: "1.0.0", Key: key, State: "new", Status: store.Active}
}

func TestOfFiftyThatStartOneKeyOneDoes(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		// Two stores are two processes, as far as the database knows.
		testOneOfFifty(t, []*store.Store{storetest.Open(t, url), storetest.Open(t, url)})
	})
}

func testOneOfFifty(t *testing.T, stores []*store.Store) {
	var started atomic.Int32
	ids := make([]string, 50)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			got, existed, err := stores[i%2].Start(t.Context(), order("one"), store.Transition{Key: "start"})
			if err != nil {
				t.Error(err)
			}
			if !existed {
				started.Add(1)
			}
			ids[i] = got.ID
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, started.Load())
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	ts, _, err := stores[0].History(t.Context(), ids[0], 1, 10)
	require.NoError(t, err)
	require.Len(t, ts, 1)
}

func TestNoWriteOfManyIsLost(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 5
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		stores := []*store.Store{storetest.Open(t, url), storetest.Open(t, url)}
		in := order("counter")
		in.Attributes = json.RawMessage(`{"n":0}`)
		in, _, err := stores[0].Start(t.Context(), in, store.Transition{})
		require.NoError(t, err)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				s := stores[w%2]
				for n := 0; n < each; {
					got, err := s.Get(t.Context(), "shop", "order", in.ID)
					if err != nil {
						t.Error(err)
						return
					}
					var a struct {
						N int `json:"n"`
					}
					if err := json.Unmarshal(got.Attributes, &a); err != nil {
						t.Error(err)
						return
					}
					a.N++
					got.Attributes, _ = json.Marshal(a)
					switch _, err := s.Apply(t.Context(), got, got.ETag, store.Transition{Key: "add"}); {
					case err == nil:
						n++
					case !errors.Is(err, store.ErrChanged):
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		got, err := stores[0].Get(t.Context(), "shop", "order", in.ID)
		require.NoError(t, err)
		require.JSONEq(t, `{"n":40}`, string(got.Attributes))
		ts, more, err := stores[0].History(t.Context(), in.ID, 1, 100)
		require.NoError(t, err)
		require.False(t, more)
		require.Len(t, ts, 1+writers*each)
	})
}
