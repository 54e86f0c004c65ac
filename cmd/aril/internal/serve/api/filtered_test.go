package api

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
)

// A path that a route is for and the middleware is not must not get around what
// limits attributes.
func TestNothingIsAnsweredThatTheMiddlewareDoesNotLimit(t *testing.T) { // V-B34
	t.Parallel()
	w := httptest.NewRecorder()
	in := &store.Instance{ID: "i", Attributes: []byte(`{"iban":"TR1"}`)}
	r := httptest.NewRequest("GET", "/", nil)
	require.ErrorIs(t, writeFiltered(w, r, in, bodyOf(in)), errUnfiltered)
	require.ErrorIs(t, writeFiltered(w, r, nil, bodyOf(in)), errUnfiltered)
	require.Empty(t, w.Body.String())
}
