package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

// instances are as many as the figures of the service are for.
const instances = 10_000

// filled is a store of instances, and their IDs.
func filled(b *testing.B) (*store.Store, []string) {
	s := storetest.Open(b, storetest.SQLite(b))
	ids := make([]string, instances)
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < instances; i += 16 {
				in, _, err := s.Start(context.Background(), store.Instance{
					Domain: "shop", Workflow: "order", FlowVersion: "1.0.0", Key: fmt.Sprintf("order-%d", i), State: "open", Status: store.Active, Tags: []string{"web", "eu"},
					Attributes: fmt.Appendf(nil, `{"customer":{"id":"c-%d","name":"Ada Lovelace","city":"Izmir","email":"ada@example.com"},"lines":[{"sku":"a-1","count":2,"price":9.5},{"sku":"b-2","count":1,"price":120}],"amount":%d,"currency":"TRY","note":"leave it at the door"}`, i, i),
				}, store.Transition{Key: "start", To: "open", By: "bench"})
				if err != nil {
					b.Error(err)
					return
				}
				ids[i] = in.ID
			}
		})
	}
	wg.Wait()
	return s, ids
}

// BenchmarkGet is one read at a time of 16 callers; the median is of single
// calls.
func BenchmarkGet(b *testing.B) {
	s, ids := filled(b)
	b.Run("16 callers", func(b *testing.B) {
		const callers = 16
		took := make([][]time.Duration, callers)
		b.ReportAllocs()
		b.ResetTimer()
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				for range b.N/callers + 1 {
					began := time.Now()
					if _, err := s.Get(context.Background(), "shop", "order", ids[rand.IntN(len(ids))]); err != nil {
						b.Error(err)
						return
					}
					took[c] = append(took[c], time.Since(began))
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		all := slices.Concat(took...)
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Nanoseconds())/1e3, "p50-µs")
		b.ReportMetric(float64(all[len(all)*99/100].Nanoseconds())/1e3, "p99-µs")
	})
	b.Run("1 caller", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := s.Get(b.Context(), "shop", "order", ids[rand.IntN(len(ids))])
			require.NoError(b, err)
		}
	})
	b.Run("by key", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Get(b.Context(), "shop", "order", "order-77")
			require.NoError(b, err)
		}
	})
}

func BenchmarkList(b *testing.B) {
	s, _ := filled(b)
	for _, c := range []struct{ name, query string }{
		{"100 by modifiedAt", `sort=-modifiedAt&pageSize=100`},
		{"100 of a status", `filter={"status":{"eq":"A"}}&pageSize=100`},
		{"100 in the middle", `page=50&pageSize=100`},
		{"one of an attribute", `filter={"attributes.customer.id":{"eq":"c-5000"}}&pageSize=100`},
		{"100 by an attribute", `sort=attributes.amount&pageSize=100`},
	} {
		b.Run(c.name, func(b *testing.B) {
			v, err := url.ParseQuery(c.query)
			require.NoError(b, err)
			q, err := query.Parse(v)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				_, _, err := s.List(b.Context(), "shop", "order", q)
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprint(callers, " callers"), func(b *testing.B) {
			s := storetest.Open(b, storetest.SQLite(b))
			b.SetParallelism((callers + 1) / 2)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, _, err := s.Start(context.Background(), store.Instance{Domain: "shop", Workflow: "order", State: "open", Status: store.Active}, store.Transition{}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
