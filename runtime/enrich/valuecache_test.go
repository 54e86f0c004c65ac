package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACachedValueServesThoseThatItFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		count := NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) {
			return &ScriptResponse{Data: fmt.Appendf(nil, `%d`, runs.Add(1))}, nil
		}}
		e, err := New(t.Context(), Config{Natives: map[string]Mapping{"m": count}})
		require.NoError(t, err)
		defer func() { require.NoError(t, e.Close(context.Background())) }()
		publish(t, e, scriptTask("core"), ext{key: "own", mapping: "m", more: `"cache":{"ttlSeconds":60}`}.doc(),
			ext{key: "wide", mapping: "m", order: 2, more: `"cache":{"ttlSeconds":60,"vary":[]}`}.doc(),
			ext{key: "lang", mapping: "m", order: 3, more: `"cache":{"ttlSeconds":600,"vary":["header:Accept-Language","data:user.id"]}`}.doc())
		tr := Request{Domain: "core", Caller: Caller{ID: "ann"}, Header: http.Header{"Accept-Language": {"tr"}}}
		bob := tr
		bob.Caller.ID = "bob"
		fresh := tr
		fresh.Fresh = true
		one := &Instance{ID: "1", ETag: "a", Data: map[string]any{"user": map[string]any{"id": 1}}}
		two := &Instance{ID: "2", ETag: "a", Data: map[string]any{"user": map[string]any{"id": 2}}}
		require.Equal(t, `{"own":1,"wide":2,"lang":3}`, extensions(t, e, tr, one))
		require.Equal(t, `{"own":1,"wide":2,"lang":3}`, extensions(t, e, tr, one))
		require.Equal(t, `{"own":4,"wide":2,"lang":3}`, extensions(t, e, bob, one))
		require.Equal(t, `{"own":5,"wide":2,"lang":6}`, extensions(t, e, tr, two))
		one.ETag = "b"
		require.Equal(t, `{"own":7,"wide":2,"lang":3}`, extensions(t, e, tr, one))
		require.Equal(t, `{"own":8,"wide":9,"lang":10}`, extensions(t, e, fresh, one))
		require.Equal(t, `{"own":8,"wide":9,"lang":10}`, extensions(t, e, tr, one), "what was made fresh is kept")
		time.Sleep(61 * time.Second)
		require.Equal(t, `{"own":11,"wide":12,"lang":10}`, extensions(t, e, tr, one))
		publish(t, e, scriptTask("core"))
		require.Equal(t, `{"own":13,"wide":14,"lang":15}`, extensions(t, e, tr, one), "other definitions")
		require.EqualValues(t, 2, e.Statistics("core", "own").Outcomes[OutcomeCached])
	})
}

func TestThoseThatMissAtOnceWaitForOneToMakeTheValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		slow := NativeMapping{Output: func(ctx context.Context, _ *ScriptContext) (*ScriptResponse, error) {
			n := runs.Add(1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			if n == 1 {
				return nil, errors.New("the first fails")
			}
			return &ScriptResponse{Data: fmt.Appendf(nil, `%d`, n)}, nil
		}}
		e, err := New(t.Context(), Config{Natives: map[string]Mapping{"m": slow}})
		require.NoError(t, err)
		defer func() { require.NoError(t, e.Close(context.Background())) }()
		publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m", more: `"timeoutSeconds":1.5,"cache":{"ttlSeconds":60,"vary":[]}`}.doc())
		page := make([]any, 20)
		for i := range page {
			page[i] = &Instance{ID: fmt.Sprint(i)}
		}
		began := time.Now()
		_, err = e.EnrichPage(t.Context(), Request{Domain: "core"}, page[:2])
		require.NoError(t, err)
		require.Equal(t, 1500*time.Millisecond, time.Since(began), "waiting and making have one time limit")
		require.EqualValues(t, 2, runs.Load(), "what the first fails to make the other makes itself")
		outcomes := e.Statistics("core", "x").Outcomes
		require.EqualValues(t, 1, outcomes[OutcomeFailed])
		require.EqualValues(t, 1, outcomes[OutcomeTimeout])

		results, err := e.EnrichPage(t.Context(), Request{Domain: "core"}, page)
		require.NoError(t, err)
		for _, r := range results {
			require.JSONEq(t, `3`, string(r.Extensions.Get("x")))
		}
		require.EqualValues(t, 3, runs.Load())
		require.Empty(t, e.cache.flights)
	})
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newValueCache(2, 10_000)
	now := time.Now()
	for i := range 5 {
		c.put(fmt.Sprint(i), json.RawMessage(`1`), now.Add(time.Hour))
	}
	_, ok := c.get("2", now)
	require.False(t, ok)
	_, ok = c.get("4", now)
	require.True(t, ok)
	c.put("big", make(json.RawMessage, 20_000), now.Add(time.Hour))
	_, ok = c.get("big", now)
	require.False(t, ok)
	c.put("5", make(json.RawMessage, 9700), now.Add(time.Hour))
	require.LessOrEqual(t, c.bytes, 10_000)
	require.Len(t, c.entries, 1)
	_, ok = c.get("5", now.Add(time.Hour))
	require.False(t, ok)
	require.Zero(t, c.bytes)
}
