// Package seeds runs the extensions of the documents that Aril's scopes are
// modelled on, in JavaScript, as they stand there.
package seeds

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/require"

	js "github.com/aril-wasm/aril/guest-sdk/js"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// bundle makes a script of a block between what is supplied to it and what
// exports the extension that it defines.
func bundle(t *testing.T, block, supplied, export string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", block+".ts"))
	require.NoError(t, err)
	compat, err := filepath.Abs("../compat.js")
	require.NoError(t, err)
	source := "import { adapt as adapt_, extension, Promised, tag } from \"aril/compat\";\n" + supplied + "\n"
	switch {
	case export == method: // what the block has is a method
		source += "export default adapt_({ name: 'fragment',\n" + string(text) + "});\n"
	case export == asyncMethod: // and its document forgot the async
		source += "export default adapt_({ name: 'fragment', async " + strings.TrimSpace(string(text)) + "});\n"
	case strings.HasPrefix(export, "await "): // the block awaits at its top level
		source += "export default async () => {\n" + string(text) + "\nreturn adapt_(" + strings.TrimPrefix(export, "await ") + "); };\n"
	default:
		source += string(text) + "\nexport default adapt_(" + export + ");\n"
	}
	result := api.Build(api.BuildOptions{
		Stdin:  &api.StdinOptions{Contents: source, Loader: api.LoaderTS, ResolveDir: filepath.Dir(compat)},
		Bundle: true, Format: api.FormatESModule, Target: api.ES2020, External: []string{"aril"},
		Alias: map[string]string{"aril/compat": compat, "@pumped-fn/core-next": filepath.Join(filepath.Dir(compat), "seeds/testdata/core-next.js")},
	})
	require.Empty(t, result.Errors)
	require.Len(t, result.OutputFiles, 1)
	return result.OutputFiles[0].Contents
}

// What run is told of a block that is a fragment.
const (
	method      = "a method"
	asyncMethod = "an async method"
)

// All tests share a runtime, and so one compile of the engine.
var (
	rt  *aril.Runtime
	log lines
)

type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func TestMain(m *testing.M) {
	var err error
	rt, err = aril.New(context.Background(), aril.Config{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		panic(err)
	}
	code := m.Run()
	if err := rt.Close(context.Background()); err != nil {
		panic(err)
	}
	os.Exit(code)
}

type seed struct {
	guest *aril.Guest
	scope *scope.Scope
}

// log gives what the extension has logged.
func (s *seed) log() string {
	log.mu.Lock()
	defer log.mu.Unlock()
	var found strings.Builder
	for line := range strings.Lines(log.text.String()) {
		if slices.Contains(strings.Fields(line), "extension="+s.guest.Name()) {
			found.WriteString(line)
		}
	}
	return found.String()
}

func run(t *testing.T, block, supplied, export string) *seed {
	t.Helper()
	s, err := attach(t, block, supplied, export)
	require.NoError(t, err)
	return s
}

func attach(t *testing.T, block, supplied, export string) (*seed, error) {
	t.Helper()
	s := new(seed)
	var err error
	s.guest, err = rt.Load(t.Context(), js.Module(bundle(t, block, supplied, export)), aril.ExtensionConfig{
		Name: "seed-" + strings.ReplaceAll(block, "/", "-"), Isolation: aril.Single, Grants: aril.Grants{Capabilities: []aril.Capability{scope.Capability}},
	})
	if err != nil {
		return s, err
	}
	s.scope, err = scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{s.guest}})
	if err == nil {
		t.Cleanup(func() { require.NoError(t, s.scope.Dispose(context.Background())) })
		require.NoError(t, s.scope.Ready(t.Context()))
	}
	return s, err
}

func (s *seed) call(t *testing.T, method string, args ...any) any {
	t.Helper()
	v, err := s.guest.Call(t.Context(), method, args)
	require.NoError(t, err)
	return v
}

func executor(name string) *scope.Executor[int] {
	return scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 8080, nil }, scope.Name(name))
}

var errNetwork = coded("NETWORK_ERROR")

type coded string

func (c coded) Error() string         { return "the network is down" }
func (c coded) Code() string          { return string(c) }
func (c coded) PublicMessage() string { return c.Error() }

func flows() (outer, inner *scope.Flow[int, int]) {
	inner = scope.NewFlow(scope.Definition{Name: "inner"}, func(_ context.Context, n int) (int, error) { return n * 2, nil })
	outer = scope.NewFlow(scope.Definition{Name: "outer"}, func(ctx context.Context, n int) (int, error) {
		n, err := scope.Exec(ctx, inner, n)
		return n + 1, err
	})
	return outer, inner
}

func TestTheNewWrapPatternRecordsEachOperation(t *testing.T) {
	t.Parallel()
	s := run(t, "000/03", `const recordMetrics = (e, operation, m) => console.log('recorded', e.name, operation, m.success, m.duration >= 0);`, method)
	config := executor("config")
	_, err := scope.Resolve(t.Context(), s.scope, config)
	require.NoError(t, err)
	err = scope.Update(t.Context(), s.scope, config, func(int) (int, error) { return 1, nil })
	require.NoError(t, err)
	require.Contains(t, s.log(), "recorded config resolve true true")
	require.Contains(t, s.log(), "recorded config update true true")
}

func TestTelemetryCountsHitsAndMisses(t *testing.T) {
	t.Parallel()
	s := run(t, "000/04", `const scope = { useExtension() {} };`, "telemetry")
	config := executor("config")
	for range 4 {
		v, err := scope.Resolve(t.Context(), s.scope, config)
		require.NoError(t, err)
		require.Equal(t, 8080, v)
	}
	err := scope.Update(t.Context(), s.scope, config, func(int) (int, error) { return 1, nil })
	require.NoError(t, err)
	metrics := s.call(t, "getMetrics").(map[string]any)
	require.Equal(t, map[string]any{"hits": int64(3), "misses": int64(1), "ratio": 0.75}, metrics["cache"])
	require.Equal(t, map[string]any{"hits": int64(3), "misses": int64(1)}, s.call(t, "getCacheStats"))
	of := s.call(t, "getExecutorMetrics", "config").(map[string]any)
	require.EqualValues(t, 4, of["resolveCount"])
	require.EqualValues(t, 1, of["updateCount"])
	require.Contains(t, s.log(), "hits: 0, misses: 0", "what the block prints while it is loaded")
}

func TestDevToolsNeedASocket(t *testing.T) {
	t.Parallel()
	_, err := attach(t, "000/05", "", "devtoolsExtension(9001)")
	require.ErrorContains(t, err, "'WebSocketServer' is not defined")
}

func TestTracesHaveTheShapeOfTheFlows(t *testing.T) {
	t.Parallel()
	s := run(t, "000/06", `let kept: any;`, `(() => {
		const e: any = tracingExtension(), init = e.initPod;
		e.initPod = (pod, context) => { init(pod, context); kept = context; };
		e.getTraces = () => kept.get('traces');
		return e;
	})()`)
	outer, _ := flows()
	n, err := scope.Run(t.Context(), s.scope, outer, 20)
	require.NoError(t, err)
	require.Equal(t, 41, n)
	spans := s.call(t, "getTraces").([]any)
	require.Len(t, spans, 2)
	first, second := spans[0].(map[string]any), spans[1].(map[string]any)
	require.Equal(t, "outer", first["name"])
	require.Equal(t, "success", first["status"])
	require.Equal(t, []any{second["id"]}, first["children"])
	require.Equal(t, "inner", second["name"])
	require.Equal(t, first["id"], second["parent"])
	require.EqualValues(t, 1, second["depth"])
	require.Equal(t, "outer", second["parentFlowName"])
}

func TestRetryTriesAgainWithBackoff(t *testing.T) {
	t.Parallel()
	s := run(t, "000/07", `import { name } from "aril/compat"; const scope = { useExtension() {} };`, "retryExtension({ maxRetries: 2, backoffMs: 1 })")
	calls := 0
	flaky := scope.Provide(func(context.Context, *scope.Controller) (int, error) {
		if calls++; calls < 3 {
			return 0, errNetwork
		}
		return 7, nil
	}, scope.Name("flaky"))
	n, err := scope.Resolve(t.Context(), s.scope, flaky)
	require.NoError(t, err)
	require.Equal(t, 7, n)
	require.Equal(t, 3, calls)
	require.EqualValues(t, 0, s.call(t, "getRetryCount", "flaky"), "a success clears the statistics")
	dead := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errNetwork }, scope.Name("dead"))
	_, err = scope.Resolve(t.Context(), s.scope, dead)
	require.ErrorIs(t, err, errNetwork, "the last error is the host's own")
	require.EqualValues(t, 3, s.call(t, "getRetryCount", "dead"))
}

func TestPerformanceIsKeptForParentFlows(t *testing.T) {
	t.Parallel()
	s := run(t, "000/10", `let seen: any; const flow = { execute: async () => null }, handler = null, input = null;`, `await (() => {
		const e: any = performanceExtension;
		e.initPod = (pod, context) => { seen = context; };
		e.getPerformance = () => seen.get('performance').map(({ flowName, depth }) => [flowName, depth]);
		return e;
	})()`)
	outer, _ := flows()
	_, err := scope.Run(t.Context(), s.scope, outer, 1)
	require.NoError(t, err)
	require.Equal(t, []any{[]any{"inner", int64(1)}, []any{"outer", int64(0)}}, s.call(t, "getPerformance"))
}

func TestInitDoesNotWaitForWhatItStarts(t *testing.T) {
	t.Parallel()
	s := run(t, "000/16", `let done = ''; const fetchRemoteConfig = async () => 'remote', setupExtension = (scope, config) => { done = config; console.log('set up with ' + config); };`, method)
	require.Contains(t, s.log(), "set up with remote")
}

func TestStateTrackingSortsChangesByName(t *testing.T) {
	t.Parallel()
	s := run(t, "000/17", `const logStateChange = (v) => console.log('state', v), logControllerAction = (v) => console.log('controller', v), logDisplayUpdate = (v) => console.log('display', v);`,
		"stateTrackingExtension")
	for _, name := range []string{"user.state", "user.controller", "user.display", "other"} {
		_, err := scope.Resolve(t.Context(), s.scope, executor(name))
		require.NoError(t, err)
	}
	for _, line := range []string{"state 8080", "controller 8080", "display 8080"} {
		require.Equal(t, 1, strings.Count(s.log(), line), line)
	}
}

func TestTheAuditTrailHasStartAndEnd(t *testing.T) {
	t.Parallel()
	s := run(t, "000/18", `const auditLog = { all: [] as any[], record(e) { this.all.push(e.type + ' ' + e.flow); } };`,
		"Object.assign(flowAuditExtension, { getAudit: () => auditLog.all })")
	outer, _ := flows()
	_, err := scope.Run(t.Context(), s.scope, outer, 1)
	require.NoError(t, err)
	require.Equal(t, []any{"flow-start outer", "flow-start inner", "flow-end inner", "flow-end outer"}, s.call(t, "getAudit"))
}

func TestProductionTelemetryCollectsEventsAndSpans(t *testing.T) {
	t.Parallel()
	s := run(t, "000/19", `
		const all: any[] = [];
		class MetricsCollector { constructor(rate) {} record(kind, data) { all.push(kind + ' ' + (data.executor || data.error)); } flush() {} }
		const process = { memoryUsage: () => ({ heapUsed: 1 }) }, name = { find: (e) => e.name };
		const sendMetric = (kind, data) => { all.push(kind + ' ' + data.flowName + ' ' + typeof data.traceId); }, generateTraceId = () => crypto.randomUUID();`,
		"Object.assign(productionTelemetry({ metricsEndpoint: 'https://metrics.example' }), { getAll: () => all })")
	_, err := scope.Resolve(t.Context(), s.scope, executor("config"))
	require.NoError(t, err)
	outer, _ := flows()
	_, err = scope.Run(t.Context(), s.scope, outer, 1)
	require.NoError(t, err)
	require.Equal(t, []any{"executor.event config", "executor.event outer", "executor.event inner", "flow.execution inner string", "flow.execution outer string"}, s.call(t, "getAll"))
}

func TestTheCompleteTelemetryAddsUp(t *testing.T) {
	t.Parallel()
	s := run(t, "000/20", `
		const process = { memoryUsage: () => ({ heapUsed: 1 }), env: {} as any };`,
		"telemetry")
	config := executor("config")
	for range 3 {
		_, err := scope.Resolve(t.Context(), s.scope, config)
		require.NoError(t, err)
	}
	broken := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errors.New("broken") }, scope.Name("broken"))
	_, err := scope.Resolve(t.Context(), s.scope, broken)
	require.Error(t, err)
	outer, _ := flows()
	_, err = scope.Run(t.Context(), s.scope, outer, 1)
	require.NoError(t, err)
	got := s.call(t, "getTelemetry").(map[string]any)
	metrics := got["executorMetrics"].(map[string]any)
	require.EqualValues(t, 3, metrics["config"].(map[string]any)["resolveCount"])
	require.EqualValues(t, 1, metrics["broken"].(map[string]any)["errorCount"])
	require.EqualValues(t, 6, got["systemMetrics"].(map[string]any)["totalOperations"], "the two flows are resolved too")
}

func TestTheWrapPatternOfTheSecondGenerationPassesOn(t *testing.T) {
	t.Parallel()
	s := run(t, "004/05", "", asyncMethod)
	_, err := scope.Resolve(t.Context(), s.scope, executor("config"))
	require.NoError(t, err)
	require.Contains(t, s.log(), "Starting resolve")
	require.Contains(t, s.log(), "Completed resolve")
}

func TestLoggingTellsOfSuccessAndFailure(t *testing.T) {
	t.Parallel()
	s := run(t, "004/06", "", "loggingExtension")
	_, err := scope.Resolve(t.Context(), s.scope, executor("config"))
	require.NoError(t, err)
	require.Contains(t, s.log(), "[resolve] Starting")
	require.Contains(t, s.log(), "[resolve] Completed in ")
	broken := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errNetwork })
	_, err = scope.Resolve(t.Context(), s.scope, broken)
	require.ErrorIs(t, err, errNetwork)
	require.Contains(t, s.log(), "[resolve] Failed:")
}

func TestTracingReadsTheTraceFromTheContextsTags(t *testing.T) {
	t.Parallel()
	s := run(t, "004/07", `const traceIdTag = tag(null, { label: 'traceId' });`, "tracingExtension")
	outer, _ := flows()
	traceID := scope.NewTag(scope.TagConfig[string]{Label: "traceId"})
	_, err := scope.RunWith(t.Context(), s.scope, scope.RunConfig{Tags: []scope.Tagged{traceID.Of("t-1")}}, outer, 1)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(s.log(), "[trace:t-1] Starting span "))
	require.Equal(t, 2, strings.Count(s.log(), "[trace:t-1] Ending span "))
}

func TestCachingAnswersTheSecondTimeByItsKey(t *testing.T) {
	t.Parallel()
	s := run(t, "004/08", "", "cachingExtension")
	ran := 0
	price := scope.NewFlow(scope.Definition{Name: "price"}, func(_ context.Context, n int) (int, error) { ran++; return n * 3, nil })
	both := scope.NewFlow(scope.Definition{Name: "both"}, func(ctx context.Context, n int) (int, error) {
		return scope.ExecWith(ctx, scope.ExecConfig{Key: "price"}, price, n)
	})
	for range 2 {
		n, err := scope.Run(t.Context(), s.scope, both, 7)
		require.NoError(t, err)
		require.Equal(t, 21, n)
	}
	require.Equal(t, 1, ran)
}

func TestRetryOfTheSecondGenerationGivesUpAfterThree(t *testing.T) {
	t.Parallel()
	s := run(t, "004/09", "", "retryExtension")
	calls := 0
	dead := scope.Provide(func(context.Context, *scope.Controller) (int, error) { calls++; return 0, errNetwork })
	_, err := scope.Resolve(t.Context(), s.scope, dead)
	require.ErrorIs(t, err, errNetwork)
	require.Equal(t, 3, calls)
	require.Contains(t, s.log(), "Retry 3/3")
}

func TestOnErrorHearsOfAResolutionThatFailed(t *testing.T) {
	t.Parallel()
	s := run(t, "004/11", `const errorReporter = { capture(e) { console.log('captured ' + e.message); } };`, method)
	dead := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errNetwork }, scope.Name("dead"))
	_, err := scope.Resolve(t.Context(), s.scope, dead)
	require.Error(t, err)
	require.Contains(t, s.log(), "captured ")
}

func TestTheHelperGivesTheExtensionAsItIs(t *testing.T) {
	t.Parallel()
	s := run(t, "004/12", "", "myExt")
	v, err := scope.Resolve(t.Context(), s.scope, executor("config"))
	require.NoError(t, err)
	require.Equal(t, 8080, v)
}
