package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// response is a mapping that answers the whole task response.
var wholeResponse = NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
	r := *c.Body.(*TaskResponse)
	r.ExecutionDurationMS = 0
	raw, err := json.Marshal(r)
	return &ScriptResponse{Data: raw}, err
}}

func TestAnHTTPTaskSendsItsTemplatesFilledIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"uri": r.RequestURI, "method": r.Method, "key": r.Header.Get("X-Api-Key"), "session": r.Header.Get("X-Session"), "empty": len(r.Header["X-Empty"]), "added": r.Header.Get("X-Added"), "type": r.Header.Get("Content-Type"), "body": string(body)})
	}))
	t.Cleanup(server.Close)
	input := NativeMapping{Input: func(context.Context, *ScriptTask, *ScriptContext) (*ScriptResponse, error) {
		return &ScriptResponse{Headers: map[string]string{"X-Added": "yes"}, RouteValues: map[string]string{"branch": "a/b"}}, nil
	}}
	replaces := NativeMapping{Input: func(context.Context, *ScriptTask, *ScriptContext) (*ScriptResponse, error) {
		return &ScriptResponse{Data: json.RawMessage(`{"own":1}`), Config: map[string]json.RawMessage{"url": json.RawMessage(`"` + server.URL + `/other"`)}}, nil
	}}
	e := newEnricher(t, Config{
		HTTP:    aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: server.URL}}},
		Natives: map[string]Mapping{"input": input, "replaces": replaces},
		Secrets: func(_ context.Context, r SecretRequest) (string, error) {
			if r.Extension == "x" && r.Store == "vault" && r.Key == "limits.key" {
				return "s3cret", nil
			}
			return "", errors.New("no such secret")
		},
	})
	publish(t, e, taskDoc("core", "t", "6", fmt.Sprintf(`{"url":"%s/u/{{instance.data.user}}/{{ routeValues.branch }}?q={{query.q}}&n={{instance.data.n}}","method":"POST",
		"headers":{"X-Api-Key":"{{secrets.vault.limits.key}}","X-Session":"s-{{headers.x-session}}","X-Empty":"{{headers.nobody}}"},
		"body":{"whole":"{{instance.data.list}}","part":"id {{instance.id}}","n":1,"caller":"{{caller.id}}","missing":"{{instance.data.nobody}}"}}`, server.URL)),
		ext{key: "x", task: "t", mapping: "input"}.doc())
	r := Request{Domain: "core", Caller: Caller{ID: "ann"}, Header: http.Header{"X-Session": {"7"}}, Query: url.Values{"q": {"a&b=c"}}}
	instance := &Instance{ID: "i1", Data: map[string]any{"user": "ü ../x?#", "n": json.Number("12345678901234567890"), "list": []any{json.Number("1"), "two"}}}
	got := extensions(t, e, r, instance)
	var out struct {
		X struct{ URI, Method, Key, Session, Added, Type, Body string }
	}
	require.NoError(t, json.Unmarshal([]byte(got), &out))
	require.Equal(t, "/u/%C3%BC%20..%2Fx%3F%23/a%2Fb?q=a%26b%3Dc&n=12345678901234567890", out.X.URI)
	require.Equal(t, []string{"POST", "s3cret", "s-7", "yes", "application/json"}, []string{out.X.Method, out.X.Key, out.X.Session, out.X.Added, out.X.Type})
	require.JSONEq(t, `{"whole":[1,"two"],"part":"id i1","n":1,"caller":"ann","missing":null}`, out.X.Body)
	require.Contains(t, got, `"empty":0`)

	publish(t, e, ext{key: "x", task: "t", mapping: "replaces"}.doc())
	got = extensions(t, e, r, instance)
	require.Contains(t, got, `"uri":"/other"`)
	require.Contains(t, got, `"body":"{\"own\":1}"`)
}

// A value stays where the template stands: it cannot lead to another path.
func TestAValueCannotLeadAnHTTPTaskElsewhere(t *testing.T) {
	t.Parallel()
	asked := ""
	e := newEnricher(t, Config{Fetch: func(_ context.Context, r *FetchRequest) (*FetchResponse, error) {
		asked = r.URL
		return &FetchResponse{Status: 200, Body: []byte(`1`)}, nil
	}})
	publish(t, e, taskDoc("core", "t", "6", `{"url":"https://a.example/u/{{instance.data.v}}/limits"}`), ext{key: "x", task: "t"}.doc())
	for v, want := range map[string]string{
		"7": "https://a.example/u/7/limits", "..": "", ".": "", "": "", "../../admin": "https://a.example/u/..%2F..%2Fadmin/limits",
		"7?admin=1#": "https://a.example/u/7%3Fadmin=1%23/limits", "%2e%2e": "https://a.example/u/%252e%252e/limits", "{{secrets.a.b}}": "https://a.example/u/%7B%7Bsecrets.a.b%7D%7D/limits",
	} {
		asked = ""
		_, err := e.Enrich(t.Context(), Request{Domain: "core"}, map[string]any{"v": v})
		require.NoError(t, err)
		require.Equal(t, want, asked, v)
	}
}

func TestAnInputHandlerCannotChooseAHostByTemplate(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Fetch: answers(200, `1`), Natives: map[string]Mapping{"m": NativeMapping{Input: func(context.Context, *ScriptTask, *ScriptContext) (*ScriptResponse, error) {
		return &ScriptResponse{Config: map[string]json.RawMessage{"url": json.RawMessage(`"https://{{headers.host}}/"`)}}, nil
	}}}})
	publish(t, e, taskDoc("core", "t", "6", `{"url":"https://a.example/"}`), ext{key: "x", task: "t", mapping: "m"}.doc())
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Contains(t, got.Runs[0].Detail, "the host of the URL is a template")
}

// D2: failures are values, in the words of the system.
func TestWhatABackendAnswersIsAResponse(t *testing.T) { // V-B21, V-B28
	t.Parallel()
	for _, c := range []struct {
		name, config string
		fetch        Fetch
		want         string
	}{
		{"a success", `{"url":"https://a.example/"}`, answers(201, `{"b":1,"a":2}`), `{"data":{"a":2,"b":1},"statusCode":201,"isSuccess":true,"headers":{"content-type":"application/json"},"executionDurationMs":0,"taskType":"6"}`},
		{"text", `{"url":"https://a.example/"}`, func(context.Context, *FetchRequest) (*FetchResponse, error) {
			return &FetchResponse{Status: 200, Headers: map[string][]string{"content-type": {"text/plain"}}, Body: []byte("7\xff")}, nil
		}, `{"data":"7\ufffd","statusCode":200,"isSuccess":true,"headers":{"content-type":"text/plain"},"executionDurationMs":0,"taskType":"6"}`},
		{"not found", `{"url":"https://a.example/x?key=1"}`, answers(404, `{"no":1}`), `{"data":{"no":1},"statusCode":404,"isSuccess":false,"errorMessage":"HTTP request failed with status 404: Not Found","headers":{"content-type":"application/json"},"metadata":{"Url":"https://a.example/x","Method":"GET","ReasonPhrase":"Not Found","ResponseContent":"{\"no\":1}"},"executionDurationMs":0,"taskType":"6"}`},
		{"not found, accepted", `{"url":"https://a.example/","acceptedStatusCodes":[404]}`, answers(404, `null`), `{"data":null,"statusCode":404,"isSuccess":true,"headers":{"content-type":"application/json"},"executionDurationMs":0,"taskType":"6"}`},
		{"a class accepted", `{"url":"https://a.example/","acceptedStatusCodes":["4xx"]}`, answers(418, `1`), `{"data":1,"statusCode":418,"isSuccess":true,"headers":{"content-type":"application/json"},"executionDurationMs":0,"taskType":"6"}`},
		{"no network", `{"url":"https://a.example/"}`, func(context.Context, *FetchRequest) (*FetchResponse, error) { return nil, errBroken }, `{"data":null,"isSuccess":false,"errorMessage":"backend is down","executionDurationMs":0,"taskType":"6"}`},
		{"too late", `{"url":"https://a.example/"}`, func(context.Context, *FetchRequest) (*FetchResponse, error) { return nil, context.DeadlineExceeded }, `{"data":null,"isSuccess":false,"errorMessage":"HTTP request was cancelled","metadata":{"Cancelled":true},"executionDurationMs":0,"taskType":"6"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEnricher(t, Config{Fetch: c.fetch, Natives: map[string]Mapping{"m": wholeResponse}})
			publish(t, e, taskDoc("core", "t", "6", c.config), ext{key: "x", task: "t", mapping: "m"}.doc(), ext{key: "bare", task: "t", order: 2}.doc())
			got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got.Extensions.Get("x")))
			success := strings.Contains(c.want, `"isSuccess":true`)
			require.Equal(t, success && !strings.Contains(c.want, `"data":null`), got.Extensions.Get("bare") != nil, "without an output handler a failure is a failure")
			if c.name == "too late" {
				require.Equal(t, OutcomeTimeout, outcome(got, "bare"))
			}
			if c.name == "a success" {
				require.Equal(t, `{"b":1,"a":2}`, string(got.Extensions.Get("bare")), "members in their order")
			}
		})
	}
}

func TestABackendThatHangsCostsItsTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(release); server.Close() })
	e := newEnricher(t, Config{HTTP: aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: server.URL}}}})
	publish(t, e, taskDoc("core", "quick", "6", `{"url":"`+server.URL+`","timeoutSeconds":0.05}`), taskDoc("core", "slow", "6", `{"url":"`+server.URL+`"}`),
		ext{key: "a", task: "quick"}.doc(), ext{key: "b", task: "slow", more: `"timeoutSeconds":0.05`}.doc())
	start := time.Now()
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Less(t, time.Since(start), 5*time.Second)
	require.Equal(t, OutcomeTimeout, outcome(got, "a"))
	require.Equal(t, OutcomeTimeout, outcome(got, "b"))
}

func TestHTTPTasksAskOnlyWhomTheHostGrants(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	t.Cleanup(server.Close)
	for says, cfg := range map[string]Config{"it has neither Config.HTTP nor Config.Fetch": {}, "is not granted": {HTTP: aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: "https://api.example.com"}}}}} {
		e := newEnricher(t, cfg)
		publish(t, e, taskDoc("core", "t", "6", `{"url":"`+server.URL+`"}`), ext{key: "x", task: "t"}.doc())
		got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
		require.NoError(t, err)
		require.Contains(t, got.Runs[0].Detail, says)
	}
}

func TestATaskThatVerifiesNothingNeedsTheHostsConsent(t *testing.T) {
	t.Parallel()
	docs := []Document{taskDoc("core", "t", "6", `{"url":"https://a.example","validateSsl":false}`), ext{key: "x", task: "t"}.doc()}
	issues := refusal(t, newEnricher(t, Config{Fetch: answers(200, `1`)}), docs...)
	require.Contains(t, issues[0].Message, "FetchUnverified")
	e := newEnricher(t, Config{Fetch: answers(200, `1`), FetchUnverified: answers(200, `2`)})
	publish(t, e, docs...)
	require.Equal(t, `{"x":2}`, extensions(t, e, Request{Domain: "core"}, nil))
}

func TestAnErrorBoundaryDecidesWhatAFailureIs(t *testing.T) { // V-B21
	for _, c := range []struct {
		name, rule string
		failures   int
		want       Outcome
		tries      int
		took       time.Duration
	}{
		{"abort", `{"action":0}`, 1, OutcomeFailed, 1, 0},
		{"retry, fixed", `{"action":1,"retryPolicy":{"maxRetries":3,"initialDelay":"PT2S","backoffType":0,"useJitter":false}}`, 2, OutcomeValue, 3, 4 * time.Second},
		{"retry, exponential", `{"action":1,"retryPolicy":{"maxRetries":3,"initialDelay":"PT1S","backoffType":1,"backoffMultiplier":3,"maxDelay":"PT2.5S","useJitter":false}}`, 3, OutcomeValue, 4, 6 * time.Second},
		{"retry in vain", `{"action":1,"retryPolicy":{"maxRetries":1,"initialDelay":"PT1S","useJitter":false}}`, 9, OutcomeFailed, 2, time.Second},
		{"retry of others", `{"action":1,"errorCodes":["404"]},{"action":3,"priority":200}`, 1, OutcomeValue, 1, 0},
		{"retry longer than the extension may run", `{"action":1,"retryPolicy":{"initialDelay":"PT50S","useJitter":false}}`, 9, OutcomeTimeout, 1, 30 * time.Second},
		{"rollback", `{"action":2}`, 1, OutcomeFailed, 1, 0}, {"ignore", `{"action":3}`, 1, OutcomeValue, 1, 0}, {"notify", `{"action":4}`, 1, OutcomeValue, 1, 0}, {"log", `{"action":5}`, 1, OutcomeValue, 1, 0},
		{"the lowest priority first", `{"action":3,"priority":5},{"action":0,"priority":1}`, 1, OutcomeFailed, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				e, err := New(t.Context(), Config{Natives: map[string]Mapping{"m": wholeResponse}, Fetch: func(context.Context, *FetchRequest) (*FetchResponse, error) {
					if tries++; tries <= c.failures {
						return &FetchResponse{Status: 503}, nil
					}
					return &FetchResponse{Status: 200}, nil
				}})
				require.NoError(t, err)
				defer func() { require.NoError(t, e.Close(context.Background())) }()
				task := strings.Replace(string(taskDoc("core", "t", "6", `{"url":"https://a.example"}`).JSON), `"config"`, `"errorBoundary":{"onError":[`+c.rule+`]},"config"`, 1)
				publish(t, e, Document{Name: "t", JSON: []byte(task)}, ext{key: "x", task: "t", mapping: "m"}.doc())
				start := time.Now()
				got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
				require.NoError(t, err)
				require.Equal(t, c.want, outcome(got, "x"))
				require.Equal(t, c.tries, tries)
				require.Equal(t, c.took, time.Since(start))
			})
		})
	}
}

type source struct{ queries []string }

func (s *source) InstanceData(_ context.Context, q InstanceQuery) (any, error) {
	s.queries = append(s.queries, fmt.Sprintf("%s/%s/%s %v %s", q.Domain, q.Workflow, q.Instance, q.Extensions, q.Caller.ID))
	if q.Instance == "gone" {
		return nil, errors.New("Instance:100017 not found")
	}
	return map[string]any{"of": q.Instance}, nil
}

func (s *source) Instances(_ context.Context, q InstancesQuery) (any, error) {
	filter, err := json.Marshal(q.Filter)
	s.queries = append(s.queries, fmt.Sprintf("%s/%s page %d of %d %s", q.Domain, q.Workflow, q.Page, q.PageSize, filter))
	return []int{1, 2}, err
}

func TestTasksReadOtherInstances(t *testing.T) {
	t.Parallel()
	s := &source{}
	e := newEnricher(t, Config{Instances: s})
	publish(t, e, taskDoc("core", "own", "13", `{"extensions":["a"]}`), taskDoc("core", "other", "13", `{"domain":"bank","flow":"f","key":"{{instance.data.ref}}"}`),
		taskDoc("core", "list", "15", `{"flow":"f","page":2,"pageSize":5,"filter":{"attributes.user":{"eq":"{{instance.data.ref}}"}}}`),
		ext{key: "a", task: "own"}.doc(), ext{key: "b", task: "other", order: 2}.doc(), ext{key: "c", task: "list", order: 3}.doc())
	injection := `x"},"or":{"y":1`
	require.Equal(t, `{"a":{"of":"7"},"b":{"of":"x\"},\"or\":{\"y\":1"},"c":[1,2]}`, extensions(t, e, Request{Domain: "core", Workflow: "w", Caller: Caller{ID: "ann"}}, &Instance{ID: "7", Data: map[string]any{"ref": injection}}))
	require.Equal(t, []string{"core/w/7 [a] ann", "bank/f/" + injection + " [] ann", `core/f page 2 of 5 {"attributes.user":{"eq":"x\"},\"or\":{\"y\":1"}}`}, s.queries)
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, &Instance{Data: map[string]any{"ref": "gone"}})
	require.NoError(t, err)
	require.Contains(t, got.Runs[1].Detail, "Instance:100017")
	none := newEnricher(t, Config{})
	publish(t, none, taskDoc("core", "own", "13", ""), ext{key: "a", task: "own"}.doc())
	got, err = none.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Contains(t, got.Runs[0].Detail, "Config.Instances")
}

// An instance source that enriches what it gives would go round for ever.
type round struct {
	e     *Enricher
	depth atomic.Int64
}

func (s *round) InstanceData(ctx context.Context, q InstanceQuery) (any, error) {
	s.depth.Add(1)
	r, err := s.e.Enrich(ctx, Request{Domain: q.Domain}, &Instance{ID: q.Instance})
	return r.Extensions, err
}
func (s *round) Instances(context.Context, InstancesQuery) (any, error) { return nil, nil }

func TestTasksThatReadInstancesDoNotGoRound(t *testing.T) {
	t.Parallel()
	s := &round{}
	s.e = newEnricher(t, Config{Instances: s})
	publish(t, s.e, taskDoc("core", "own", "13", ""), ext{key: "a", task: "own"}.doc())
	require.Equal(t, `{"a":{}}`, extensions(t, s.e, Request{Domain: "core"}, &Instance{ID: "1"}))
	require.EqualValues(t, 3, s.depth.Load())
}

func TestTasksKeepStateOutsideTheInstance(t *testing.T) {
	t.Parallel()
	store := state.Memory(state.Limits{})
	e := newEnricher(t, Config{State: store})
	publish(t, e, taskDoc("core", "get", "17", `{"store":"s","key":"k-{{instance.id}}"}`), taskDoc("core", "set", "17", `{"operation":"set","store":"s","key":"k-{{instance.id}}","value":{"was":"{{instance.data}}"}}`),
		taskDoc("core", "delete", "17", `{"operation":"delete","store":"s","key":"k-{{instance.id}}"}`),
		ext{key: "a-get", task: "get", order: 1}.doc(), ext{key: "b-set", task: "set", order: 2}.doc(), ext{key: "c-get", task: "get", order: 3}.doc(), ext{key: "d-delete", task: "delete", kind: 4, order: 4}.doc(), workflowDoc("core", "w", "core/d-delete"))
	keep := Request{Domain: "core", Workflow: "w", Extensions: []string{"nobody"}}
	require.Equal(t, `{"bSet":{"was":1},"cGet":{"was":1}}`, extensions(t, e, keep, &Instance{ID: "1", Data: 1}))
	require.Equal(t, `{"aGet":{"was":1},"bSet":{"was":2},"cGet":{"was":2}}`, extensions(t, e, keep, &Instance{ID: "1", Data: 2}))
	require.Equal(t, `{"aGet":{"was":2},"bSet":{"was":2},"cGet":{"was":2}}`, extensions(t, e, Request{Domain: "core", Workflow: "w"}, &Instance{ID: "1", Data: 2}))
	s, err := store.Open("core", "enrich/s")
	require.NoError(t, err)
	keys, err := s.List(t.Context(), "", "", 10)
	require.NoError(t, err)
	require.Empty(t, keys)
}
