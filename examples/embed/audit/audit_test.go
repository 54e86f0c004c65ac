package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

func load(t *testing.T) *guesttest.Harness {
	return guesttest.New(t, guesttest.Native(func() any { return new(audit) }), guesttest.Config{
		Config: map[string]any{"blocked": []string{"mallory", "trudy"}, "limit": 500},
	})
}

var errSoldOut = errors.New("sold out")

func TestAuditLetsThroughWhatItsPolicyAllowsAndRecordsAll(t *testing.T) {
	t.Parallel()
	h := load(t)
	entries := []any{}
	for _, c := range []struct {
		name, customer string
		total          int
		outcome        error
		runs           bool
		entry          string
	}{
		{"order.place", "ann", 500, nil, true, "ann order.place ok"},
		{"order.place", "ann", 501, nil, false, "ann order.place refused"},
		{"order.place", "trudy", 1, nil, false, "trudy order.place refused"},
		{"order.place", "ann", 1, errSoldOut, true, "ann order.place error"},
		{"order.read", "mallory", 900, nil, true, "mallory order.read ok"},
	} {
		ran := false
		_, err := h.Wrap(guesttest.Operation{Name: c.name}, map[string]any{"customer": c.customer, "total": c.total},
			func(any) (any, error) { ran = true; return nil, c.outcome })
		require.Equal(t, c.runs, ran, c.entry)
		if c.runs {
			require.Equal(t, c.outcome, err, c.entry)
		} else {
			var refused *guesttest.Error
			require.ErrorAs(t, err, &refused, c.entry)
			require.Equal(t, "refused", refused.ErrorCode)
		}
		entries = append(entries, c.entry)
	}
	got, err := h.Call("entries", nil)
	require.NoError(t, err)
	require.Equal(t, entries, got)
}

func TestAuditRunsNothingThatItCannotJudge(t *testing.T) {
	t.Parallel()
	h := load(t)
	for _, input := range []any{nil, "an order", map[string]any{"total": 1}, map[string]any{"customer": "ann", "total": "little"}} {
		_, err := h.Wrap(guesttest.Operation{Name: "order.place"}, input, func(any) (any, error) {
			require.Fail(t, "it ran")
			return nil, nil
		})
		require.Error(t, err)
	}
}

func TestAuditKeepsTheLastThousandEntriesInOrder(t *testing.T) {
	t.Parallel()
	h := load(t)
	for i := range keep + 5 {
		name := "order.read"
		if i < 6 {
			name = "quote"
		}
		_, err := h.Wrap(guesttest.Operation{Name: name}, map[string]any{"customer": "ann"}, func(any) (any, error) { return nil, nil })
		require.NoError(t, err)
	}
	got, err := h.Call("entries", nil)
	require.NoError(t, err)
	require.Len(t, got, keep)
	require.Equal(t, []any{"ann quote ok", "ann order.read ok"}, got.([]any)[:2])
}

func TestAuditHasNoOtherMethod(t *testing.T) {
	t.Parallel()
	_, err := load(t).Call("erase", nil)
	require.ErrorIs(t, err, guesttest.ErrNoMethod)
}
