package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// engines is the one Runtime of all tests with scripts: to compile the engine
// takes seconds.
var engines = sync.OnceValue(func() *aril.Runtime {
	rt, err := aril.New(context.Background(), aril.Config{CompileTime: 5 * time.Minute})
	if err != nil {
		panic(err)
	}
	return rt
})

// newScripts is newEnricher on that Runtime.
func newScripts(t testing.TB, cfg Config) *Enricher {
	cfg.Runtime = engines()
	return newEnricher(t, cfg)
}

// scripted publishes one extension with a mapping in JavaScript.
func scripted(t testing.TB, cfg Config, script string) *Enricher {
	t.Helper()
	e := newScripts(t, cfg)
	publish(t, e, scriptTask("core"), scriptDoc("x", "", script))
	return e
}

func scriptDoc(key, more, script string) Document {
	d := ext{key: key, mapping: "m", more: more}.doc()
	d.JSON = []byte(strings.Replace(string(d.JSON), `"location":"native:m"`, `"location":"./src/X.js","code":"`+b64(script)+`"`, 1))
	return d
}

// The mapping of the document, in JavaScript.
const userSession = `export default {
  outputHandler(context) {
    const h = context.headers;
    return { key: "user-session-output", data: { userSession: {
      userId: h["user_reference"], deviceId: h["x-device-id"], userAgent: h["user-agent"],
      ipAddress: h["x-forwarded-for"] ?? h["x-real-ip"] } } };
  },
};`

func TestAMappingInJavaScriptMakesTheSeedsValue(t *testing.T) {
	t.Parallel()
	e := scripted(t, Config{}, userSession)
	r := Request{Domain: "core", Header: http.Header{"User_reference": {"user123"}, "X-Device-Id": {"device-abc"}, "User-Agent": {"Mozilla/5.0..."}, "X-Real-Ip": {"192.168.1.1"}}}
	require.Equal(t, `{"x":{"userSession":{"userId":"user123","deviceId":"device-abc","userAgent":"Mozilla/5.0...","ipAddress":"192.168.1.1"}}}`,
		extensions(t, e, r, &Instance{ID: "1", Data: map[string]any{}}), "with its members in their order")
}

func TestBothHandlersOfAScriptRun(t *testing.T) {
	t.Parallel()
	e := scripted(t, Config{}, `export default {
  inputHandler({ task, context }) { return { data: { key: task.key, type: task.type, n: context.body.n + 1, id: context.instance.id } }; },
  async outputHandler(context) { return { data: { got: context.body.data, ok: context.body.isSuccess, same: context.taskResponse.script.data.n } }; },
};`)
	require.Equal(t, `{"x":{"got":{"id":"9","key":"script","n":42,"type":"7"},"ok":true,"same":42}}`, extensions(t, e, Request{Domain: "core"}, &Instance{ID: "9", Data: map[string]any{"n": 41}}))
}

func TestAMissingHandlerPassesThrough(t *testing.T) { // V-B14, D6
	t.Parallel()
	e := scripted(t, Config{}, `export default { inputHandler() { return { data: [1, 2] }; } };`)
	for range 2 { // the second time it is known
		require.Equal(t, `{"x":[1,2]}`, extensions(t, e, Request{Domain: "core"}, nil))
	}
	e = scripted(t, Config{}, `export default { outputHandler() { } };`)
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Equal(t, OutcomeEmpty, outcome(got, "x"), "it is there, and gives nothing")
}

// What a hostile mapping costs is its own member.
func TestAHostileMappingCostsItsOwnMember(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   Outcome
	}{
		"loops":                    {`export default { outputHandler() { for (;;) {} } };`, OutcomeTimeout},
		"recurses":                 {`export default { outputHandler() { const f = () => f() + 1; return { data: f() }; } };`, OutcomeFailed},
		"throws":                   {`export default { outputHandler() { throw new Error("no luck"); } };`, OutcomeFailed},
		"eats memory":              {`export default { outputHandler() { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)); } };`, OutcomeFailed},
		"answers megabytes":        {`export default { outputHandler() { return { data: "x".repeat(1100000) }; } };`, OutcomeInvalid},
		"answers a number":         {`export default { outputHandler() { return 7; } };`, OutcomeInvalid},
		"answers a list":           {`export default { outputHandler() { return [1]; } };`, OutcomeInvalid},
		"answers something else":   {`export default { outputHandler() { return { userSession: {} }; } };`, OutcomeInvalid},
		"answers not a number":     {`export default { outputHandler() { return { data: { n: NaN } }; } };`, OutcomeInvalid},
		"answers headers as lists": {`export default { outputHandler() { return { headers: [1], data: 1 }; } };`, OutcomeInvalid},
		"never settles":            {`export default { outputHandler() { return new Promise(() => {}); } };`, OutcomeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newScripts(t, Config{
				Natives: map[string]Mapping{"ok": gives(`1`)},
				Limits:  aril.Limits{SelfTime: 10 * time.Second}, // on a busy machine it would be met before the limit that is meant
			})
			publish(t, e, scriptTask("core"), scriptDoc("bad", "", c.script), ext{key: "good", mapping: "ok"}.doc(), scriptDoc("script", "", `export default { outputHandler() { return { data: 2 }; } };`))
			for range 2 {
				got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
				require.NoError(t, err)
				require.Equal(t, `{"good":1,"script":2}`, string(got.Extensions.append(nil)))
				require.Equal(t, c.want, outcome(got, "bad"), got.Runs)
			}
		})
	}
}

func TestAScriptThatDoesNotLoadIsRefusedAtPublish(t *testing.T) {
	t.Parallel()
	e := newScripts(t, Config{})
	publish(t, e, scriptTask("core"))
	issues := refusal(t, e, scriptDoc("x", "", "export default {\n  outputHandler( {\n};"))
	require.Equal(t, "Extension.Task.Mapping", issues[0].Member)
	issues = refusal(t, e, scriptDoc("x", "", "throw new Error('at load'); export default {};"))
	require.Contains(t, issues[0].Message, "at load")
}

func TestAScriptInTypeScriptRuns(t *testing.T) {
	t.Parallel()
	e := newScripts(t, Config{})
	d := scriptDoc("x", "", "interface Limits { daily: number }\nexport default { outputHandler(context: any): { data: Limits } { return { data: { daily: 5 } }; } };")
	d.JSON = []byte(strings.Replace(string(d.JSON), "X.js", "X.ts", 1))
	publish(t, e, scriptTask("core"), d)
	require.Equal(t, `{"x":{"daily":5}}`, extensions(t, e, Request{Domain: "core"}, nil))
}

func TestOneMappingIsLoadedOnceAndGoesWithItsLastExtension(t *testing.T) {
	t.Parallel()
	e := newScripts(t, Config{})
	publish(t, e, scriptTask("core"), scriptDoc("a", "", userSession), scriptDoc("b", "", userSession), scriptDoc("c", "", `export default { outputHandler() { return { data: 1 }; } };`))
	loaded := func() int { e.programs.mu.Lock(); defer e.programs.mu.Unlock(); return len(e.programs.loaded) }
	require.Equal(t, 2, loaded())
	refusal(t, e, scriptDoc("d", "", "syntax error"))
	require.Equal(t, 2, loaded())
	_, err := e.Unpublish(t.Context(), Identity{FlowExtensions, "core", "a", "1.0.0"}, Identity{FlowExtensions, "core", "c", "1.0.0"})
	require.NoError(t, err)
	require.Equal(t, 1, loaded())
	require.Contains(t, extensions(t, e, Request{Domain: "core"}, nil), `"b"`)
	_, err = e.Unpublish(t.Context(), Identity{FlowExtensions, "core", "b", "1.0.0"})
	require.NoError(t, err)
	require.Zero(t, loaded())
}

// A read that began with definitions ends with them, whatever is published.
func TestAReadThatIsUnderWayKeepsItsMappings(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	e := newScripts(t, Config{Natives: map[string]Mapping{"first": NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) {
		close(entered)
		<-leave
		return &ScriptResponse{Data: json.RawMessage(`1`)}, nil
	}}}})
	slow := scriptDoc("z", "", userSession)
	slow.JSON = []byte(strings.Replace(string(slow.JSON), `"order":1`, `"order":2`, 1))
	publish(t, e, scriptTask("core"), ext{key: "a", mapping: "first"}.doc(), slow)
	done := make(chan *Result)
	go func() {
		got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	<-entered
	_, err := e.Unpublish(t.Context(), Identity{FlowExtensions, "core", "a", "1.0.0"}, Identity{FlowExtensions, "core", "z", "1.0.0"})
	require.NoError(t, err)
	close(leave)
	require.NotNil(t, (<-done).Extensions.Get("z"))
}

func TestAGuestAsksTheHostForSecrets(t *testing.T) {
	t.Parallel()
	var asked []SecretRequest
	e := scripted(t, Config{Secrets: func(_ context.Context, r SecretRequest) (string, error) {
		asked = append(asked, r)
		if r.Key == "known" {
			return "s3cret", nil
		}
		return "", errors.New("vault: permission denied for token 123")
	}}, `export default { outputHandler() {
  const tell = (key) => { try { return aril.call("aril_secrets_v1", "get", { store: "vault", key }); } catch (e) { return e.code + ": " + e.message; } };
  return { data: [tell("known"), tell("other"), tell("../x y")] };
} };`)
	require.Equal(t, `{"x":["s3cret","not_found: there is no such secret for this mapping","invalid_argument: a secret is named by store and key, 1 to 200 letters, digits, '.', '_', '/' and '-' each"]}`, extensions(t, e, Request{Domain: "core"}, nil))
	require.Len(t, asked, 2)
	require.Regexp(t, `^x-[0-9a-f]{8}$`, asked[0].Extension)
}

func TestAScriptThatWaitsCostsItsTimeout(t *testing.T) {
	t.Parallel()
	e := newScripts(t, Config{})
	publish(t, e, scriptTask("core"), scriptDoc("x", `"timeoutSeconds":0.05`, `export default { async outputHandler() { await aril.sleep(20000); return { data: 1 }; } };`))
	start := time.Now()
	got, err := e.Enrich(t.Context(), Request{Domain: "core"}, nil)
	require.NoError(t, err)
	require.Equal(t, OutcomeTimeout, outcome(got, "x"), got.Runs)
	require.Less(t, time.Since(start), 5*time.Second)
}
