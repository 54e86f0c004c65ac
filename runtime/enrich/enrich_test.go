package enrich

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// The three examples of the document, byte for byte, give its sample response.
func TestTheSeedsExamplesGiveItsSampleResponse(t *testing.T) { // V-B16
	t.Parallel()
	type M = map[string]Mapping
	mappings := M{
		"UserSessionMapping": NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
			h := c.Headers
			return &ScriptResponse{Key: "user-session-output", Data: fmt.Appendf(nil, `{"userSession":{"userId":%q,"deviceId":%q,"userAgent":%q,"ipAddress":%q}}`,
				h["user_reference"], h["x-device-id"], h["user-agent"], h["x-forwarded-for"])}, nil
		}},
		"AccountLimitsMapping": NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
			return &ScriptResponse{Data: json.RawMessage(`{"dailyLimit":50000,"remainingLimit":45000,"monthlyLimit":500000}`)}, nil
		}},
		"CustomerProfileMapping": gives(`{"segment":"gold"}`),
	}
	for compat, want := range map[Compat]string{
		CompatDocs: `{"userSession":{"userId":"user123","deviceId":"device-abc","userAgent":"Mozilla/5.0...","ipAddress":"192.168.1.1"},"accountLimits":{"dailyLimit":50000,"remainingLimit":45000,"monthlyLimit":500000}}`,
		Compat0026: `{"extensionAccountLimits":{"dailyLimit":50000,"remainingLimit":45000,"monthlyLimit":500000}}`,
	} {
		e := newEnricher(t, Config{Compat: compat, Natives: mappings, Fetch: answers(200, `{}`)})
		var docs []Document
		for _, name := range []string{"Extensions/extension-user-session", "Extensions/extension-account-limits", "Extensions/extension-customer-profile", "Tasks/user-session", "Tasks/get-account-limits", "Tasks/get-customer-profile", "Workflows/transfers"} {
			docs = append(docs, Document{Name: name + ".json", JSON: nativeLocations(read(t, "testdata/seed/"+name+".json"))})
		}
		publish(t, e, docs...)
		r := Request{Domain: "banking", Workflow: "transfers", Extensions: []string{"extension-user-session,extension-account-limits"}, Header: http.Header{
			"User_reference": {"user123"}, "X-Device-Id": {"device-abc"}, "User-Agent": {"Mozilla/5.0..."}, "X-Forwarded-For": {"192.168.1.1"},
		}}
		require.Equal(t, want, extensions(t, e, r, &Instance{ID: "1", Data: map[string]any{"userId": "user123"}}))
	}
}

// nativeLocations lets the seed's locations name mappings in Go.
func nativeLocations(doc []byte) []byte {
	s := strings.ReplaceAll(string(doc), `"./src/`, `"native:`)
	return []byte(strings.ReplaceAll(s, `.csx"`, `"`))
}

func answers(status int, body string) Fetch {
	return func(context.Context, *FetchRequest) (*FetchResponse, error) {
		return &FetchResponse{Status: status, Headers: map[string][]string{"content-type": {"application/json"}}, Body: []byte(body)}, nil
	}
}

// An order of events, kept by mappings.
type trace struct {
	mu     sync.Mutex
	events []string
}

func (r *trace) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, s)
}

func TestGroupsRunOneAfterTheOtherAndAGroupAtOnce(t *testing.T) { // V-B13, V-B9
	t.Parallel()
	var tr trace
	meet := make(chan struct{})
	pair := NativeMapping{Output: func(ctx context.Context, c *ScriptContext) (*ScriptResponse, error) {
		select { // each waits for the other
		case meet <- struct{}{}:
		case <-meet:
		}
		tr.add("pair")
		return &ScriptResponse{Data: json.RawMessage(`1`)}, nil
	}}
	note := func(name string) Mapping {
		return NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
			tr.add(fmt.Sprintf("%s saw %d outputs", name, len(c.OutputResponse)))
			return &ScriptResponse{Data: json.RawMessage(`1`)}, nil
		}}
	}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"pair": pair, "first": note("first"), "last": note("last"), "flow": note("workflow")}})
	publish(t, e, scriptTask("core"),
		ext{key: "a", order: 5, mapping: "pair"}.doc(), ext{key: "b", order: 5, mapping: "pair"}.doc(),
		ext{key: "c", order: 1, mapping: "first"}.doc(), ext{key: "d", order: 9, mapping: "last"}.doc(),
		ext{key: "e", kind: 3, order: 1, mapping: "flow"}.doc(), workflowDoc("core", "w", "core/e", "core/a"))
	require.Equal(t, `{"c":1,"a":1,"b":1,"d":1,"e":1}`, extensions(t, e, Request{Domain: "core", Workflow: "w"}, nil))
	require.Equal(t, []string{"first saw 0 outputs", "pair", "pair", "last saw 3 outputs", "workflow saw 4 outputs"}, tr.events)
}

func TestTheHandlersGetTheScriptContext(t *testing.T) { // V-B14, V-B22
	t.Parallel()
	m := NativeMapping{
		Input: func(_ context.Context, task *ScriptTask, c *ScriptContext) (*ScriptResponse, error) {
			require.Equal(t, "script", task.Key)
			require.Equal(t, "7", task.Type)
			require.Equal(t, map[string]any{"a": json.Number("1")}, c.Body)
			return &ScriptResponse{Data: json.RawMessage(`{"from":"input"}`)}, nil
		},
		Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
			resp := c.Body.(*TaskResponse)
			require.True(t, resp.IsSuccess)
			require.Same(t, resp, c.TaskResponse["script"])
			require.Equal(t, map[string]any{"from": "input"}, resp.Data)
			require.Equal(t, "Bearer x", c.Headers["authorization"])
			require.Equal(t, "1,2", c.QueryParameters["q"])
			require.Equal(t, "w", c.Workflow.Key)
			require.Equal(t, "docs", c.Runtime.Compat)
			raw, err := json.Marshal(c.Instance)
			require.NoError(t, err)
			require.JSONEq(t, `{"id":"7","key":"k","domain":"core","flow":"w","data":{"a":1}}`, string(raw))
			return &ScriptResponse{Data: json.RawMessage(`true`)}, nil
		},
	}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": m}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
	type data struct {
		A int `json:"a"`
	}
	got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "w", Header: http.Header{"Authorization": {"Bearer x"}}, Query: url.Values{"q": {"1", "2"}}},
		Instance{ID: "7", Key: "k", Data: data{1}})
	require.NoError(t, err)
	var yes bool
	found, err := got.Value("x", &yes)
	require.NoError(t, err)
	require.True(t, found && yes)
	found, err = got.Value("y", &yes)
	require.NoError(t, err)
	require.False(t, found)
}

func TestAnyGoValueIsAnInstance(t *testing.T) {
	t.Parallel()
	m := NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
		raw, err := json.Marshal(c.Instance.Data)
		return &ScriptResponse{Data: raw}, err
	}}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": m}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
	for want, v := range map[string]any{
		`{"x":{"B":[1,2]}}`: struct{ B []int }{[]int{1, 2}}, `{"x":7}`: 7, `{"x":"s"}`: "s", `{}`: nil, `{"x":18446744073709551615}`: uint64(1<<64 - 1), `{"x":{"raw":1}}`: json.RawMessage(`{"raw":1}`),
	} {
		require.Equal(t, want, extensions(t, e, Request{Domain: "core"}, v))
	}
	_, err := e.Enrich(t.Context(), Request{Domain: "core"}, make(chan int))
	require.ErrorContains(t, err, "the instance's data")
}

func TestAValueIsUnwrappedWhereItsOnlyMemberIsItsName(t *testing.T) { // V-B16, V-B17, V-B18
	t.Parallel()
	for _, c := range []struct {
		compat      Compat
		value, want string
	}{
		{CompatDocs, `{"x": {"a": 1} }`, `{"x":{"a":1}}`},
		{CompatDocs, `{"x":{"a":1},"b":2}`, `{"x":{"x":{"a":1},"b":2}}`},
		{CompatDocs, `{"y":1}`, `{"x":{"y":1}}`},
		{CompatDocs, `{"x":null}`, `{}`},
		{CompatDocs, `null`, `{}`},
		{CompatDocs, `{"data":1}`, `{"x":{"data":1}}`},
		{CompatDocs, `"<&>"`, `{"x":"<&>"}`},
		{Compat0026, `{"data":{"a":1},"b":2}`, `{"extensionX":{"a":1}}`},
		{Compat0026, `{"extensionX":1}`, `{"extensionX":{"extensionX":1}}`},
		{Compat0033, `{"data":1}`, `{"extensionX":{"data":1}}`},
		{Compat0033, `{"extensionX":1}`, `{"extensionX":{"extensionX":1}}`},
	} {
		e := newEnricher(t, Config{Compat: c.compat, Natives: map[string]Mapping{"m": gives(c.value)}})
		publish(t, e, scriptTask("core"), ext{key: "extension-x", mapping: "m"}.doc())
		require.Equal(t, c.want, extensions(t, e, Request{Domain: "core"}, nil), "%v %s", c.compat, c.value)
	}
}

func TestTwoExtensionsMayShareATask(t *testing.T) { // V-B17, V-B19
	t.Parallel()
	for _, compat := range []Compat{CompatDocs, Compat0026, Compat0033} {
		e := newEnricher(t, Config{Compat: compat, Natives: map[string]Mapping{"a": gives(`1`), "b": gives(`2`)}})
		publish(t, e, scriptTask("core"), ext{key: "a", mapping: "a"}.doc(), ext{key: "b", mapping: "b"}.doc(), ext{key: "c", mapping: "a", order: 2}.doc())
		require.Equal(t, `{"a":1,"b":2,"c":1}`, extensions(t, e, Request{Domain: "core"}, nil))
	}
}

func fails(err error) Mapping {
	return NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) { return nil, err }}
}

var errBroken = errors.New("backend is down")

func TestAFailureCostsOneMemberAtLevelDocs(t *testing.T) { // V-B23
	t.Parallel()
	var log bytes.Buffer
	e := newEnricher(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil)), Natives: map[string]Mapping{
		"ok": gives(`1`), "fails": fails(errBroken), "junk": gives(`{"a":`), "huge": gives(`"` + strings.Repeat("x", 2<<20) + `"`),
		"panics": NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) { panic("oh") }},
		"slow": NativeMapping{Output: func(ctx context.Context, _ *ScriptContext) (*ScriptResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	}})
	publish(t, e, scriptTask("core"), ext{key: "ok", mapping: "ok"}.doc(), ext{key: "fails", mapping: "fails"}.doc(), ext{key: "junk", mapping: "junk"}.doc(),
		ext{key: "huge", mapping: "huge"}.doc(), ext{key: "panics", mapping: "panics"}.doc(), ext{key: "slow", mapping: "slow", more: `"timeoutSeconds":0.02`}.doc(),
		ext{key: "saved", mapping: "fails", more: `"fallback":{"b":1, "a":2}`}.doc())
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Equal(t, `{"ok":1,"saved":{"b":1,"a":2}}`, string(got.Extensions.append(nil)))
	for key, want := range map[string]Outcome{"ok": OutcomeValue, "fails": OutcomeFailed, "junk": OutcomeInvalid, "huge": OutcomeInvalid, "panics": OutcomeFailed, "slow": OutcomeTimeout, "saved": OutcomeFallback} {
		require.Equal(t, want, outcome(got, key), key)
		require.EqualValues(t, 1, e.Statistics("core", key).Outcomes[want], key)
	}
	for _, words := range []string{"Extension 'slow' timed out", "Extension 'junk' returned invalid data", "Extension 'huge' returned invalid data", "Extension 'fails' execution failed: output handler: backend is down"} {
		require.Contains(t, log.String(), words)
	}
}

func TestAFailureFailsTheReadWhereThePolicySaysSo(t *testing.T) { // V-B24, V-B25
	t.Parallel()
	for _, c := range []struct {
		name   string
		cfg    Config
		policy string
		fails  bool
	}{
		{"docs", Config{}, "", false}, {"0.0.26", Config{Compat: Compat0026}, "", false}, {"0.0.33", Config{Compat: Compat0033}, "", true},
		{"docs, the extension says fail", Config{}, `"onFailure":"fail"`, true}, {"0.0.33, the extension says omit", Config{Compat: Compat0033}, `"onFailure":"omit"`, false},
		{"docs, the host says fail", Config{OnFailure: "fail"}, "", true}, {"docs, the host says fail and the extension omit", Config{OnFailure: "fail"}, `"onFailure":"omit"`, false},
		{"0.0.33 with a fallback", Config{Compat: Compat0033}, `"fallback":null`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			later := false
			c.cfg.Natives = map[string]Mapping{"fails": fails(errBroken), "empty": gives(`null`), "later": NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) {
				later = true
				return &ScriptResponse{Data: json.RawMessage(`1`)}, nil
			}}}
			e := newEnricher(t, c.cfg)
			publish(t, e, scriptTask("core"), ext{key: "a-empty", mapping: "empty"}.doc(), ext{key: "b", mapping: "fails", more: c.policy}.doc(),
				ext{key: "c", kind: 3, mapping: "later"}.doc(), workflowDoc("core", "w", "core/c"))
			got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "w"}, nil)
			require.Equal(t, !c.fails, later, "the workflow phase")
			if !c.fails {
				require.NoError(t, err)
				require.JSONEq(t, `1`, string(got.Extensions.Get("c")))
				return
			}
			var failed *Error
			require.ErrorAs(t, err, &failed)
			require.ErrorIs(t, err, errBroken)
			require.Equal(t, "b", failed.Target, "and not the one before it that gave nothing")
			p := ProblemOf(err, &Request{Path: "/api/v1/x", TraceID: "00-1"})
			raw, err := json.Marshal(p)
			require.NoError(t, err)
			require.JSONEq(t, `{"type":"https://errors.vnext.io/400/validation/Extension/600001","title":"Bad Request","status":400,
				"detail":"Extension 'b' execution failed: output handler: backend is down","instance":"/api/v1/x","errors":{},
				"errorCode":"validation.Extension:600001","prefix":"validation","code":"Extension:600001","traceId":"00-1","target":"b"}`, string(raw))
		})
	}
}

func TestAFailureCancelsWhatRunsBesideIt(t *testing.T) { // V-B13
	t.Parallel()
	for _, compat := range []Compat{Compat0026, Compat0033} {
		waits := NativeMapping{Output: func(ctx context.Context, _ *ScriptContext) (*ScriptResponse, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}}
		e := newEnricher(t, Config{Compat: compat, Natives: map[string]Mapping{"waits": waits, "fails": fails(errBroken), "ok": gives(`1`)}})
		publish(t, e, scriptTask("core"), ext{key: "waits", mapping: "waits"}.doc(), ext{key: "fails", mapping: "fails"}.doc(),
			ext{key: "next-group", order: 2, mapping: "ok"}.doc(), ext{key: "flow", kind: 3, mapping: "ok"}.doc(), workflowDoc("core", "w", "core/flow"))
		got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "w"}, nil)
		require.Equal(t, OutcomeCanceled, outcome(got, "waits"))
		if compat == Compat0033 {
			require.ErrorIs(t, err, errBroken)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, OutcomeCanceled, outcome(got, "next-group"))
		require.Equal(t, `{"flow":1}`, string(got.Extensions.append(nil)), "the workflow phase goes on")
	}
}

func TestTheCallersContextEndsARead(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := NativeMapping{Output: func(ctx context.Context, _ *ScriptContext) (*ScriptResponse, error) {
		cancel(errBroken)
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"stop": stop}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "stop"}.doc())
	_, err := e.Enrich(ctx, Request{Domain: "core"}, nil)
	require.ErrorIs(t, err, errBroken)
	require.Zero(t, e.Statistics("core", "x").Outcomes[OutcomeFailed])
	require.NoError(t, e.Close(context.Background()))
	_, err = e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.ErrorIs(t, err, ErrClosed)
	_, err = e.Publish(t.Context(), scriptTask("core"))
	require.ErrorIs(t, err, ErrClosed)
}

func TestHooksOfTheHostLimitWhatACallerSees(t *testing.T) {
	t.Parallel()
	var records []*AuditRecord
	e := newEnricher(t, Config{
		Natives: map[string]Mapping{"m": gives(`{"iban":"TR1","limit":5}`), "ok": gives(`1`)},
		Allow: func(_ context.Context, r *Request, x *Extension) bool {
			return x.Key != "secret" || r.Caller.ID == "admin"
		},
		FilterValue: func(_ context.Context, r *Request, x *Extension, v json.RawMessage) (json.RawMessage, error) {
			switch {
			case r.Caller.ID == "admin":
				return v, nil
			case x.Key == "limits":
				return json.RawMessage(`{"limit":5}`), nil
			case x.Key == "hidden":
				return nil, nil
			}
			return v, nil
		},
		Audit: func(_ context.Context, a *AuditRecord) { records = append(records, a) },
	})
	publish(t, e, scriptTask("core"), ext{key: "limits", mapping: "m", more: `"cache":{"ttlSeconds":60,"vary":[]}`}.doc(), ext{key: "secret", mapping: "ok"}.doc(), ext{key: "hidden", mapping: "ok"}.doc())
	require.Equal(t, `{"hidden":1,"limits":{"iban":"TR1","limit":5},"secret":1}`, extensions(t, e, Request{Domain: "core", Caller: Caller{ID: "admin"}}, &Instance{ID: "1"}))
	require.Equal(t, `{"limits":{"limit":5}}`, extensions(t, e, Request{Domain: "core", Workflow: "w", Caller: Caller{ID: "joe"}, TraceID: "t"}, &Instance{ID: "2"}), "also from the cache")
	require.Len(t, records, 2)
	a := records[1]
	require.Equal(t, []string{"joe", "core", "w", "2", "t"}, []string{a.Caller, a.Domain, a.Workflow, a.Instance, a.TraceID})
	require.Len(t, a.Extensions, 3)
	require.Equal(t, CauseDenied, a.Extensions[0].Cause)
	require.Equal(t, OutcomeCached, a.Extensions[1].Outcome)
	require.Equal(t, OutcomeSkipped, a.Extensions[2].Outcome)
}

func TestAHookThatPanicsCostsOneMember(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{
		Natives: map[string]Mapping{"ok": gives(`1`)},
		Allow: func(_ context.Context, _ *Request, x *Extension) bool {
			if x.Key == "a" {
				panic("oh")
			}
			return true
		},
		FilterValue: func(_ context.Context, _ *Request, x *Extension, v json.RawMessage) (json.RawMessage, error) {
			if x.Key == "b" {
				panic("oh")
			}
			return v, nil
		},
	})
	publish(t, e, scriptTask("core"), ext{key: "a", mapping: "ok"}.doc(), ext{key: "b", mapping: "ok"}.doc(), ext{key: "c", mapping: "ok"}.doc())
	require.Equal(t, `{"c":1}`, extensions(t, e, Request{Domain: "core"}, nil))
}

func TestExplainSaysWhyAnExtensionIsNotThere(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Compat: Compat0033, Natives: map[string]Mapping{"ok": gives(`1`), "none": gives(`null`)}})
	publish(t, e, scriptTask("core"), ext{key: "runs", mapping: "ok"}.doc(), ext{key: "empty", mapping: "none"}.doc(), ext{key: "list", scope: 2}.doc(),
		ext{key: "asked", kind: 2}.doc(), ext{key: "flow", kind: 3}.doc(), ext{key: "flow-asked", kind: 4}.doc(), ext{key: "unlisted", kind: 4}.doc(),
		ext{key: "lazy", more: `"lazy":true`}.doc(), workflowDoc("core", "w", "core/flow", "core/flow-asked", "core/gone"))
	got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "w", Extensions: []string{"unlisted", "Nobody"}, Explain: true}, nil)
	require.NoError(t, err)
	causes := map[string]string{}
	for _, r := range got.Runs {
		causes[r.Key] = r.Cause
		if r.Outcome != OutcomeValue {
			require.Equal(t, "Extension '"+r.Key+"' not found in response", r.Message)
		}
	}
	require.Equal(t, map[string]string{
		"runs": "", "empty": CauseNoOutput, "list": CauseScope, "asked": CauseParameter, "flow": CauseParameter, "flow-asked": CauseParameter,
		"unlisted": CauseType, "lazy": CauseParameter, "gone": CauseNotLoaded, "Nobody": CauseNotLoaded,
	}, causes)
	require.Equal(t, []string{"Nobody"}, got.Unknown)
}

func TestAPageIsBoundedAndKeepsItsOrder(t *testing.T) { // V-B27
	t.Parallel()
	m := NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
		raw, err := json.Marshal(c.Instance.ID)
		return &ScriptResponse{Data: raw}, err
	}}
	e := newEnricher(t, Config{Runs: 150, Natives: map[string]Mapping{"m": m}})
	publish(t, e, scriptTask("core"), ext{key: "a", mapping: "m"}.doc(), ext{key: "b", mapping: "m"}.doc())
	var page []any
	for i := range 75 {
		page = append(page, &Instance{ID: fmt.Sprint(i)})
	}
	got, err := e.EnrichPage(t.Context(), Request{Domain: "core", Read: ReadList}, page)
	require.NoError(t, err)
	for i, r := range got {
		require.Equal(t, fmt.Sprintf(`{"a":"%d","b":"%d"}`, i, i), string(r.Extensions.append(nil)))
	}
	_, err = e.EnrichPage(t.Context(), Request{Domain: "core", Read: ReadList}, append(page, "one more"))
	require.ErrorIs(t, err, ErrTooManyRuns)
	got, err = e.EnrichPage(t.Context(), Request{Domain: "core", Read: ReadList}, nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestTheExtensionsOfOneInstanceAreBoundedTogether(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{ResponseBytes: 30, Natives: map[string]Mapping{"m": gives(`"0123456789"`)}})
	publish(t, e, scriptTask("core"), ext{key: "a", mapping: "m"}.doc(), ext{key: "b", mapping: "m"}.doc(), ext{key: "c", mapping: "m", order: 2}.doc())
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Equal(t, `{"a":"0123456789","b":"0123456789"}`, string(got.Extensions.append(nil)))
	require.Equal(t, OutcomeInvalid, outcome(got, "c"))
	require.Equal(t, map[Outcome]int64{OutcomeInvalid: 1}, e.Statistics("core", "c").Outcomes)
}

func TestTheRuntimeOfTheHostStaysOpen(t *testing.T) {
	t.Parallel()
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	e, err := New(t.Context(), Config{Runtime: rt})
	require.NoError(t, err)
	require.NoError(t, e.Close(t.Context()))
	pass, err := os.ReadFile("../../testdata/guests/pass.wasm")
	require.NoError(t, err)
	_, err = rt.Load(t.Context(), pass, aril.ExtensionConfig{Name: "x"})
	require.NoError(t, err)
	require.NoError(t, rt.Close(t.Context()))
}
