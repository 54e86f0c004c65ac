package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/prodtelemetry/prodtelemetry"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatProdtelemetryPrints(t *testing.T) { showtest.README(t, run) }

// A program is a scope with one of the extensions, and a fake endpoint.
type program struct {
	*scope.Scope
	extension *native.Extension
	posted    []map[string]any // bodies
	status    int
	log       bytes.Buffer
}

func start(t *testing.T, extension any, config map[string]any) *program {
	t.Helper()
	p := &program{status: 204}
	logger := slog.New(slog.NewTextHandler(&p.log, nil))
	var err error
	p.extension, err = native.New("watcher", extension, native.Config{
		Config: config, Powers: aril.ReadInput | aril.ReadErrorText, Logger: logger,
		Functions: map[string]func(context.Context, any) (any, error){
			"acme_process_v1.memory": nativeProcess,
			"aril_http_v1.fetch": func(_ context.Context, request any) (any, error) {
				p.posted = append(p.posted, request.(map[string]any))
				return map[string]any{"status": p.status, "headers": map[string]any{}, "body": []byte{}}, nil
			},
		},
	})
	require.NoError(t, err)
	p.Scope, err = scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{p.extension}, Logger: logger})
	require.NoError(t, err)
	return p
}

// telemetry gives what getTelemetry answers.
func (p *program) telemetry(t *testing.T) (system map[string]any, errorLog []any) {
	t.Helper()
	answer, err := p.extension.Call(t.Context(), "getTelemetry", nil)
	require.NoError(t, err)
	all := answer.(map[string]any)
	return all["systemMetrics"].(map[string]any), all["errorLog"].([]any)
}

func TestAPartOfTheResolutionsIsMeasuredAndEveryUpdate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate        float64
		least, most int64
	}{{0, 0, 0}, {0.5, 850, 1150}, {1, 2000, 2000}} {
		p := start(t, prodtelemetry.New(), map[string]any{"samplingRate": c.rate})
		for range 2000 {
			_, err := scope.Resolve(t.Context(), p.Scope, config)
			require.NoError(t, err)
		}
		system, _ := p.telemetry(t)
		require.GreaterOrEqual(t, system["totalOperations"], c.least)
		require.LessOrEqual(t, system["totalOperations"], c.most)
		for range 10 {
			require.NoError(t, scope.Set(t.Context(), p.Scope, config, "other.db"))
		}
		after, _ := p.telemetry(t)
		require.EqualValues(t, 10, after["totalOperations"].(int64)-system["totalOperations"].(int64), "rate %v", c.rate)
	}
}

func TestTheLogKeepsTheLastErrorsOfResolutionsAndUpdates(t *testing.T) {
	t.Parallel()
	p := start(t, prodtelemetry.New(), map[string]any{"maxErrorLogSize": 3})
	for n := range 4 {
		_, err := scope.Resolve(t.Context(), p.Scope, mail.Of(n))
		require.Error(t, err)
	}
	_, err := scope.Resolve(t.Context(), p.Scope, config)
	require.NoError(t, err)
	require.Error(t, scope.Update(t.Context(), p.Scope, config, func(string) (string, error) { return "", errors.New("read only") }))

	_, log := p.telemetry(t)
	var kept []string
	for _, e := range log {
		e := e.(map[string]any)
		kept = append(kept, e["operation"].(string)+" "+e["executor"].(string)+": "+e["message"].(string))
	}
	require.Equal(t, []string{
		`resolve mail[2]: factory of executor "mail[2]": mail server 2 is down`,
		`resolve mail[3]: factory of executor "mail[3]": mail server 3 is down`,
		`update config: read only`,
	}, kept)
}

func TestAnEndpointThatRefusesDoesNotDisturbTheProgram(t *testing.T) {
	t.Parallel()
	p := start(t, prodtelemetry.New(), map[string]any{"exportEndpoint": "http://endpoint/"})
	p.status = 503
	_, err := scope.Resolve(t.Context(), p.Scope, users)
	require.NoError(t, err)
	require.NoError(t, p.Dispose(t.Context()))
	require.Len(t, p.posted, 1)
	require.Contains(t, p.log.String(), "the endpoint answered 503")
}

func TestWithoutAnEndpointNothingIsSent(t *testing.T) {
	t.Parallel()
	for _, extension := range []any{prodtelemetry.New(), prodtelemetry.NewCollector()} {
		p := start(t, extension, nil)
		_, err := scope.Resolve(t.Context(), p.Scope, users)
		require.NoError(t, err)
		require.NoError(t, p.Dispose(t.Context()))
		require.Empty(t, p.posted)
		require.NotContains(t, p.log.String(), "WARN")
	}
}

func TestTheCollectorSendsAgainWhatWasRefused(t *testing.T) {
	t.Parallel()
	p := start(t, prodtelemetry.NewCollector(), map[string]any{"metricsEndpoint": "http://endpoint/"})
	tick := aril.Event{Type: "tick", Scope: p.ID(), Data: map[string]any{}}
	send := func() (sent []prodtelemetry.Event) {
		t.Helper()
		p.posted = nil
		_, _, err := p.extension.Event(t.Context(), tick)
		require.NoError(t, err)
		for _, request := range p.posted {
			require.NoError(t, json.Unmarshal(request["body"].([]byte), &sent))
		}
		return sent
	}
	resolve := func(e scope.AnyExecutor) {
		_, _ = p.ResolveAny(t.Context(), e)
	}

	resolve(config)
	resolve(mail.Of(1))
	p.status = 500
	refused := send()
	require.Len(t, refused, 2)
	require.Equal(t, "resolve", refused[0].Event)
	require.Equal(t, "config", refused[0].Executor)
	require.Positive(t, refused[0].MemoryUsage)
	require.Equal(t, "executor.error", refused[1].Metric)
	require.Contains(t, refused[1].Message, "mail server 1 is down")

	resolve(db)
	p.status = 200
	sent := send()
	require.Len(t, sent, 3)
	require.Equal(t, refused, sent[:2])
	require.Empty(t, send(), "all has been sent")
}

func TestAConfigurationThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for _, config := range []map[string]any{
		{"samplingRate": 2}, {"samplingRate": -0.1}, {"samplingRate": "all"}, {"maxErrorLogSize": 0}, {"exportInterval": 0}, {"exportEndpoint": 1},
	} {
		_, err := native.New("watcher", prodtelemetry.New(), native.Config{Config: config})
		require.Error(t, err, "%v", config)
	}
	_, err := native.New("watcher", prodtelemetry.NewCollector(), native.Config{Config: map[string]any{"sampleRate": 1.5}})
	require.Error(t, err)
}

func TestFlowsAreMeasuredAndAnErrorThatIsPassedOnIsLoggedOnce(t *testing.T) {
	t.Parallel()
	p := start(t, prodtelemetry.New(), map[string]any{"samplingRate": 0})
	for range 2 {
		_, err := scope.Run(t.Context(), p.Scope, order, 4)
		require.EqualError(t, err, "out of stock")
	}
	_, log := p.telemetry(t)
	require.Len(t, log, 2, "one of each execution, though nothing is measured")
	for _, e := range log {
		e := e.(map[string]any)
		require.Equal(t, "reserve execute out of stock", e["flow"].(string)+" "+e["operation"].(string)+" "+e["message"].(string))
	}

	p = start(t, prodtelemetry.New(), nil)
	_, err := scope.Run(t.Context(), p.Scope, order, 2)
	require.NoError(t, err)
	answer, err := p.extension.Call(t.Context(), "getTelemetry", nil)
	require.NoError(t, err)
	reserve := answer.(map[string]any)["flowMetrics"].(map[string]any)["reserve"].(map[string]any)
	require.GreaterOrEqual(t, reserve["averageDuration"], 0.0)
	delete(reserve, "averageDuration")
	require.Equal(t, map[string]any{"name": "reserve", "executionCount": int64(2), "successCount": int64(2), "errorCount": int64(0),
		"parallelExecutions": int64(2), "maxDepth": int64(1)}, reserve)
}

func TestTheCollectorGivesAllFlowsOfAnExecutionOneTrace(t *testing.T) {
	t.Parallel()
	p := start(t, prodtelemetry.NewCollector(), map[string]any{"metricsEndpoint": "http://endpoint/"})
	for range 2 {
		_, err := scope.Run(t.Context(), p.Scope, order, 2)
		require.NoError(t, err)
	}
	require.NoError(t, p.Dispose(t.Context()))
	require.Len(t, p.posted, 1)
	var sent []prodtelemetry.Event
	require.NoError(t, json.Unmarshal(p.posted[0]["body"].([]byte), &sent))
	traces := map[string]int{}
	for _, e := range sent {
		if e.Metric == "flow.execution" {
			traces[e.TraceID]++
			require.Equal(t, map[string]string{"order": "", "reserve": "order"}[e.Flow], e.Parent)
		}
	}
	require.Len(t, traces, 2)
	for id, n := range traces {
		require.NotEmpty(t, id)
		require.Equal(t, 3, n)
	}
}
