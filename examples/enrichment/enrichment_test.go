package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestTheReadmeShowsWhatTheDemoPrints(t *testing.T) {
	// A tag goes with the bytes of the mappings too, one of which is built here.
	tag := regexp.MustCompile(`W/\\?"[\w-]{20}`)
	showtest.README(t, func(ctx context.Context, w io.Writer) error { return run(ctx, "", w) }, tag)
}

// The definitions of the three extensions are those of the document that
// describes them, unchanged.
func TestTheDefinitionsAreTheDocumentsOwn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"extension-account-limits.json":   "e37d7b0bde1ad7d5833bf4023384a867780e1348058622b90f6fc6804e94656d",
		"extension-customer-profile.json": "24c63c52c915b4ea42d54b23dc269e1ef0f803449f8dab80a894249bd4f4aca7",
		"extension-user-session.json":     "b02ce26b8ab5e3d3585a125bf29a9aaf140732ed9271cb16a0d53fced385ed65",
	} {
		text, err := os.ReadFile("definitions/Extensions/" + name)
		require.NoError(t, err)
		sum := sha256.Sum256(text)
		require.Equal(t, want, hex.EncodeToString(sum[:]), name)
	}
}

// What the document shows as the response, but for the tag's value.
const sample = `{
  "data": {
    "userId": "user123",
    "amount": 1000,
    "currency": "TRY"
  },
  "eTag": "TAG",
  "extensions": {
    "userSession": {
      "userId": "user123",
      "deviceId": "device-abc",
      "userAgent": "Mozilla/5.0...",
      "ipAddress": "192.168.1.1"
    },
    "accountLimits": {
      "dailyLimit": 50000,
      "remainingLimit": 45000,
      "monthlyLimit": 500000
    }
  }
}`

func TestTheResponseIsTheDocumentsSample(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	before, after, ok := strings.Cut(sample, "TAG")
	require.True(t, ok)
	_, rest, ok := strings.Cut(string(readme), before)
	require.True(t, ok, "the README has the sample up to its tag")
	tag, rest, _ := strings.Cut(rest, after[:2])
	require.Regexp(t, `^W/\\"[^"]+\\"$`, tag)
	require.True(t, strings.HasPrefix(rest, after[2:]), "and after it")
}

// A customer service that is down costs the profile, and nothing else.
func TestABackendThatIsDownCostsItsMember(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/customers/") {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		backend().ServeHTTP(w, r)
	}))
	t.Cleanup(down.Close)
	dir, err := prepare(t.Context(), down.URL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	e, err := newEnricher(t.Context(), dir, down.URL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close(context.Background())) })
	got, err := e.Enrich(t.Context(), enrich.Request{Domain: "banking", Workflow: "transfers"}, map[string]any{"userId": "user123"})
	require.NoError(t, err)
	require.NotNil(t, got.Extensions.Get("accountLimits"))
	require.Nil(t, got.Extensions.Get("customerProfile"))
	require.EqualValues(t, 1, e.Statistics("customer", "extension-customer-profile").Outcomes[enrich.OutcomeFailed])
}
