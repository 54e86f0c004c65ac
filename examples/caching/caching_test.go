package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/caching/caching"
	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

func TestTheReadmeShowsWhatCachingPrints(t *testing.T) { showtest.README(t, run) }

func TestOnlyExecutionsWithTheSameNameAndKeyShareAResult(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, guesttest.Both("./ext", func() any { return caching.New() }), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		runs := 0
		for _, c := range []struct {
			kind, name, key string
			want            int
		}{
			{"execution", "quote", "tea", 1},
			{"execution", "quote", "tea", 1},
			{"execution", "stock", "tea", 2},
			{"execution", "quote", "", 3},
			{"execution", "quote", "", 4},
			{"resolve", "quote", "tea", 5},
			{"execution", "stock", "tea", 2},
		} {
			v, err := h.Wrap(guesttest.Operation{Kind: c.kind, Name: c.name, Key: c.key}, nil, func(any) (any, error) { runs++; return int64(runs), nil })
			require.NoError(t, err)
			require.EqualValues(t, c.want, v, "%+v", c)
		}
	})
}
