package enrich

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePrefixOfAProblemDecidesItsStatus(t *testing.T) { // D5
	t.Parallel()
	for prefix, status := range map[string]int{
		"validation": 400, "notsupported": 400, "unauthorized": 401, "forbidden": 403, "notfound": 404, "conflict": 409,
		"dependency": 502, "transient": 503, "failure": 500, "anything": 500,
	} {
		w := httptest.NewRecorder()
		NewProblem(prefix, "Instance:100017", "why", &Request{Path: "/p", TraceID: "00-a"}).Write(w)
		require.Equal(t, status, w.Code, prefix)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Contains(t, w.Body.String(), `"type":"https://errors.vnext.io/`+itoa(status)+`/`+prefix+`/Instance/100017"`)
		require.Contains(t, w.Body.String(), `"errors":{},"errorCode":"`+prefix+`.Instance:100017","prefix":"`+prefix+`","code":"Instance:100017","traceId":"00-a"}`)
	}
}

func TestAProblemMayHaveAnotherStatusThanItsPrefix(t *testing.T) {
	t.Parallel()
	p := NewProblem("conflict", "Transition:100009", "why", &Request{}).WithStatus(412)
	require.Equal(t, 412, p.Status)
	require.Equal(t, "Precondition Failed", p.Title)
	require.Equal(t, "https://errors.vnext.io/412/conflict/Transition/100009", p.Type)
}
