//go:build !wasip1

package guest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
)

func TestAFetchSaysWhatTheRequestSaysAndReadsTheResponse(t *testing.T) {
	t.Parallel()
	var asked any
	fetched := errors.New("fetched")
	h := load(t, guesttest.Config{Functions: map[string]func(any) (any, error){
		"aril_http_v1.fetch": func(request any) (any, error) {
			asked = request
			return map[string]any{
				"status": 201, "headers": map[string]any{"content-type": []any{"text/plain"}, "x-two": []any{"1", "2"}}, "body": []byte("made"), "of_later_versions": true,
			}, nil
		},
	}}, func(*guest.Operation, guest.Next) (guest.Value, error) {
		resp, err := guest.HTTP.Fetch(guest.Request{
			Method: "POST", URL: "https://a.example/x", Headers: guest.Headers{"x-two": {"1", "2"}}, Body: []byte("body"), Timeout: guest.Second + 1,
		})
		require.NoError(t, err)
		require.Equal(t, guest.Response{Status: 201, Headers: guest.Headers{"content-type": {"text/plain"}, "x-two": {"1", "2"}}, Body: []byte("made")}, resp)
		require.Equal(t, "text/plain", resp.Headers.Get("Content-Type"))
		require.Equal(t, "1", resp.Headers.Get("x-two"))
		require.Empty(t, resp.Headers.Get("absent"))
		return guest.Value{}, fetched
	})
	_, err := h.Wrap(guesttest.Operation{}, nil, nil)
	require.EqualError(t, err, "fetched")
	require.Equal(t, map[string]any{
		"method": "POST", "url": "https://a.example/x", "headers": map[string]any{"x-two": []any{"1", "2"}}, "body": []byte("body"), "timeout_ms": int64(1001),
	}, asked)
}

func TestAFetchWithoutAGrantIsNotTried(t *testing.T) {
	t.Parallel()
	_, err := run(t, func(*guest.Operation, guest.Next) (guest.Value, error) {
		_, err := guest.HTTP.Fetch(guest.Request{URL: "https://a.example/"})
		require.Equal(t, guest.ErrDenied, err)
		return guest.Pass, nil
	}, nil, nil, nil)
	require.NoError(t, err)
}

// buildGuest compiles a guest of testdata to Wasm.
func buildGuest(t *testing.T, name string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/"+name)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	code, err := os.ReadFile(file)
	require.NoError(t, err)
	return code
}

func TestAGuestInGoFetchesThroughWasm(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("under the race detector, for which -short stands, compiling a Go guest takes minutes")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Answer", r.Method+" "+r.Header.Get("X-Token"))
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(append(body, make([]byte, 100_000)...)) // more than a mailbox
	}))
	t.Cleanup(server.Close)

	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	capability, err := aril.HTTP(aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: server.URL}}})
	require.NoError(t, err)
	g, err := rt.Load(t.Context(), buildGuest(t, "fetch"), aril.ExtensionConfig{Name: "fetch", Grants: aril.Grants{Capabilities: []aril.Capability{capability}}})
	require.NoError(t, err)
	do := aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "test", Name: "fetch"}, func(context.Context, string) (map[string]any, error) {
		return nil, errors.New("not reached")
	})

	got, err := do(t.Context(), server.URL+"/x")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"status": int64(201), "answer": "POST t", "bytes": int64(100_004)}, got)

	_, err = do(t.Context(), server.URL+"/away")
	require.EqualError(t, err, "http://169.254.169.254 is not granted")
	var coded interface{ Code() string }
	require.ErrorAs(t, err, &coded)
	require.Equal(t, "denied_host", coded.Code())
}

// A fetcher gives the body of what its input names.
type fetcher struct{}

func (fetcher) Wrap(op *guest.Operation, _ guest.Next) (guest.Value, error) {
	url, err := guest.As[string](op.Input())
	if err != nil {
		return guest.Value{}, err
	}
	resp, err := guest.HTTP.Fetch(guest.Request{URL: url})
	return guest.Of(string(resp.Body)), err
}

func TestAnExtensionInProcessFetchesUnderTheSameGrant(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	t.Cleanup(server.Close)
	fetch, err := aril.HTTPFunction("fetcher", aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: server.URL}}})
	require.NoError(t, err)
	x, err := native.New("fetcher", fetcher{}, native.Config{Functions: map[string]func(context.Context, any) (any, error){"aril_http_v1.fetch": fetch}})
	require.NoError(t, err)
	do := aril.Wrap(aril.NewPipeline(x), aril.Operation{Kind: "test", Name: "fetch"}, func(context.Context, string) (string, error) { return "", nil })
	got, err := do(t.Context(), server.URL)
	require.NoError(t, err)
	require.Equal(t, "hello", got)
	_, err = do(t.Context(), "http://169.254.169.254/")
	require.EqualError(t, err, "http://169.254.169.254 is not granted")
}
