package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/openapi"
)

func TestThePageHasEveryOperationAndLoadsNothing(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	openapi.Page().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/docs", nil))
	require.Equal(t, http.StatusOK, w.Code)
	text := w.Body.String()
	for _, o := range newContract(t).operations {
		require.Contains(t, text, `id="`+o.OperationID+`"`)
		require.Contains(t, text, "<code>"+o.method+" "+o.path+"</code>")
	}
	require.Contains(t, text, "&#34;currentState&#34;", "an example")
	require.Contains(t, text, "<code>pageSize</code>")
	require.Contains(t, text, "<strong>Start, move, read.</strong>")
	require.Contains(t, text, "Needs the role <code>write</code>")
	require.NotContains(t, text, "**")
	require.NotContains(t, text, "<script")
	require.NotContains(t, text, "src=")
	require.NotContains(t, text, "url(")
	require.Regexp(t, `^default-src 'none'; .*style-src 'sha256-[A-Za-z0-9+/]{43}='$`, w.Header().Get("Content-Security-Policy"))
}
