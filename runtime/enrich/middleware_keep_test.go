package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHEADIsAnsweredAsGETWithoutABody(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Natives: map[string]Mapping{"ok": gives(`1`)}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "ok"}.doc())
	a := &wrapped{body: `{"data":1}`}
	h := e.Middleware(MiddlewareConfig{})(a)
	r := httptest.NewRequest(http.MethodHead, dataPath, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	full := get(t, h, dataPath)
	require.Equal(t, full.Header(), w.Header())
	require.Empty(t, w.Body.String())
	require.Equal(t, http.MethodGet, a.last.Method)

	r.Header.Set("If-None-Match", full.Header().Get("ETag"))
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusNotModified, w.Code)
}

// V-B37: config.functionCache.ttlSeconds of a workflow.
func TestHowLongABodyIsKeptMayDependOnTheRequest(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	a := &wrapped{body: `{"data":1}`}
	h := e.Middleware(MiddlewareConfig{BodyTTL: time.Hour, BodyTTLOf: func(r *Request) time.Duration {
		if r.Workflow == "kept" {
			return time.Hour
		}
		return 0
	}})(a)
	for _, workflow := range []string{"kept", "kept", "other", "other"} {
		get(t, h, "/api/v1/core/workflows/"+workflow+"/instances/7")
	}
	require.EqualValues(t, 3, a.calls.Load())
}

func TestABodyIsNotKeptForOtherRightsOrDefinitions(t *testing.T) { // V-B37
	t.Parallel()
	e := newEnricher(t, Config{Natives: map[string]Mapping{"ok": gives(`1`)}})
	a := &wrapped{body: `{"data":1}`}
	h := e.Middleware(MiddlewareConfig{BodyTTL: time.Hour, Caller: func(r *http.Request) Caller {
		return Caller{ID: r.Header.Get("X-User"), Rights: r.Header.Get("X-Rights")}
	}})(a)
	tags := map[string]bool{}
	for i, c := range []struct {
		user, rights string
		calls        int64
	}{{"a", "clerk", 1}, {"a", "clerk", 1}, {"a", "", 2}, {"b", "clerk", 3}, {"ac", "lerk", 4}, {"a", "clerk", 4}} {
		tags[get(t, h, dataPath, "X-User", c.user, "X-Rights", c.rights).Header().Get("ETag")] = true
		require.Equal(t, c.calls, a.calls.Load(), i)
	}
	require.Len(t, tags, 4)
	publish(t, e, scriptTask("core"))
	get(t, h, dataPath, "X-User", "a", "X-Rights", "clerk")
	require.EqualValues(t, 5, a.calls.Load(), "other definitions")
}

// Whoever has the answer to a write reads what it wrote, also when another
// read kept the old body while the write was on its way.
func TestTheAnswerToAWriteComesAfterWhatWasKeptIsGone(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	var version atomic.Int64
	var h http.Handler
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = fmt.Fprintf(w, `{"data":%d}`, version.Load())
			return
		}
		require.Contains(t, get(t, h, dataPath).Body.String(), `{"data":0`)
		version.Add(1)
		w.WriteHeader(http.StatusEarlyHints)
		require.Contains(t, get(t, h, dataPath).Body.String(), `{"data":0`, "it is kept until an answer begins")
		w.WriteHeader(http.StatusOK)
		require.Contains(t, get(t, h, dataPath).Body.String(), `{"data":1`)
	})
	h = e.Middleware(MiddlewareConfig{BodyTTL: time.Hour})(api)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPatch, "/api/v1/core/workflows/w/instances/7/transitions/pay", nil))
	require.Equal(t, int64(1), version.Load())
}

func TestAResponseThatIsNotReadyInTimeIsAProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := NativeMapping{Output: func(ctx context.Context, _ *ScriptContext) (*ScriptResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		e := newEnricher(t, Config{Natives: map[string]Mapping{"m": hangs}})
		publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
		for _, path := range []string{dataPath, "/api/v1/core/workflows/w/instances"} {
			h := e.Middleware(MiddlewareConfig{})(&wrapped{body: `{"data":1,"items":[{"id":"1"},{"id":"2"}]}`})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
			cancel()
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "1", w.Header().Get("Retry-After"))
			require.Contains(t, w.Body.String(), `"errorCode":"transient.App:900000"`)
		}
	})
}

func TestAHandlerMayDescribeTheInstanceOfItsResponse(t *testing.T) {
	t.Parallel()
	sees := NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
		raw, err := json.Marshal([]any{c.Instance.ID, c.Instance.Key, c.Instance.State, c.Instance.FlowVersion, c.Instance.Data})
		return &ScriptResponse{Data: raw}, err
	}}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": sees}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.True(t, Describe(r.Context(), &Instance{ID: "id", Key: "key", State: "review", FlowVersion: "1.2.3", ETag: "01KK", Data: "not this"}))
		body := `{"data":{"a":1}}`
		if r.URL.Path != dataPath {
			body = `{"items":[{"id":"t1","attributes":{"b":1}},{"id":"t2","attributes":{"c":1}}]}`
		}
		_, _ = w.Write([]byte(body))
	})
	var filtered []string
	h := e.Middleware(MiddlewareConfig{BodyTTL: time.Hour, FilterData: func(_ context.Context, _ *Request, i *Instance, data json.RawMessage) (json.RawMessage, error) {
		filtered = append(filtered, i.FlowVersion+i.ETag)
		return data, nil
	}})(api)
	for range 2 { // the second is from what was kept
		require.Contains(t, get(t, h, dataPath).Body.String(), `"extensions":{"x":["id","key","review","1.2.3",{"a":1}]}`)
	}
	history := get(t, h, "/api/v1/core/workflows/w/instances/7/transitions").Body.String()
	require.Contains(t, history, `"extensions":{"x":["id","key","review","1.2.3",{"b":1}]}`)
	require.Contains(t, history, `"extensions":{"x":["id","key","review","1.2.3",{"c":1}]}`)
	require.Equal(t, []string{"1.2.301KK", "1.2.301KK", "1.2.3t1", "1.2.3t2"}, filtered)
	require.False(t, Describe(t.Context(), &Instance{}), "there is no middleware")
}

func TestTheStateOfAnInstanceMayBeInItsMetadata(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"metadata":{"currentState":"review","status":"A"}}`:                            "review A",
		`{"state":"own","status":"C","metadata":{"currentState":"review","status":"A"}}`: "own C",
		`{"metadata":"of another shape"}`:                                                " ",
	} {
		i := instanceFrom(mustObject(t, []byte(body)), route{})
		require.Equal(t, want, i.State+" "+i.Status)
	}
}
