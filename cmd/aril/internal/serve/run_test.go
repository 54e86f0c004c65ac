package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// patience is how long anything may take before it counts as hanging.
const patience = 30 * time.Second

// compiled keeps compiled code for all tests.
var compiled string

func TestMain(m *testing.M) {
	os.Exit(withCache(m))
}

func withCache(m *testing.M) int {
	var err error
	if compiled, err = os.MkdirTemp("", "aril-serve-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(compiled)
	// Once, before all tests at once would do it.
	ctx := context.Background()
	s, err := New(ctx, Config{Database: "sqlite::memory:", Definitions: definitions, Cache: compiled})
	if err != nil {
		panic(err)
	}
	if err := s.Close(ctx); err != nil {
		panic(err)
	}
	return m.Run()
}

// A text may be written and read at once.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *text) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// eventually waits until the text has a part.
func (w *text) eventually(t *testing.T, part string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(w.String(), part) }, patience, 5*time.Millisecond, "%q is missing in\n%s", part, lazy(w.String))
}

type lazy func() string

func (l lazy) String() string { return l() }

// A running is a service that runs.
type running struct {
	api, admin string
	out, log   *text
	stop       context.CancelFunc
	ended      chan error // gets what Run returned
}

// runs runs a service on free ports until the end of the test.
func runs(t *testing.T, cfg Config) *running {
	t.Helper()
	r := &running{out: &text{}, log: &text{}, ended: make(chan error, 1)}
	started := make(chan struct{})
	cfg.Cache = compiled
	cfg.Listen, cfg.Admin = "127.0.0.1:0", "127.0.0.1:0"
	if cfg.Database == "" {
		cfg.Database = "sqlite::memory:"
	}
	if cfg.Definitions == "" {
		cfg.Definitions = definitions
	}
	cfg.Out, cfg.Logger = r.out, slog.New(slog.NewTextHandler(r.log, nil))
	cfg.Started = func(api, admin net.Addr) {
		r.api, r.admin = "http://"+api.String(), "http://"+admin.String()
		close(started)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- Run(ctx, cfg) }()
	t.Cleanup(stop)
	select {
	case <-started:
	case err := <-r.ended:
		require.FailNow(t, "it did not start", "%v\n%s", err, r.log)
	case <-time.After(patience):
		require.FailNow(t, "it does not start")
	}
	return r
}

// end tells it to stop and gives what Run returned.
func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.result(t)
}

func (r *running) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		require.FailNow(t, "it does not end", r.log.String())
	}
	return nil
}

// ask gives status and body.
func ask(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(q)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(raw)
}

const instancesPath = "/api/v1/banking/workflows/loan/instances"

func TestInstancesAreKeptAndReadWithWhatExtensionsAdd(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "aril.db")
	r := runs(t, Config{Database: database})
	code, body := ask(t, "POST", r.api+instancesPath+"/start", `{"key":"k-1","attributes":{"amount":5}}`)
	require.Equal(t, 201, code, body)
	code, body = ask(t, "PATCH", r.api+instancesPath+"/k-1/transitions/submit", `{}`)
	require.Equal(t, 200, code, "without tokens a caller has the roles of the grants too: %s", body)
	require.NoError(t, r.end(t))

	r = runs(t, Config{Database: database})
	code, body = ask(t, "GET", r.api+instancesPath+"/k-1", "")
	require.Equal(t, 200, code, body)
	require.Contains(t, body, `"amount":5`)
	require.Contains(t, body, `"currentState":"done"`)
	require.Contains(t, body, `"hello":"k-1"`)
	require.NoError(t, r.end(t))
}

func TestHealthReadinessMetricsAndTheDescriptionAreThere(t *testing.T) {
	t.Parallel()
	r := runs(t, Config{Version: "1.2.3"})
	for _, base := range []string{r.api, r.admin} {
		code, body := ask(t, "GET", base+"/healthz", "")
		require.Equal(t, 200, code)
		require.JSONEq(t, `{"status":"ok","version":"1.2.3"}`, body)
		code, body = ask(t, "GET", base+"/readyz", "")
		require.Equal(t, 200, code)
		require.JSONEq(t, `{"status":"ready","checks":{"database":"ok","definitions":"ok"}}`, body)
	}
	for _, method := range []string{"POST", "DELETE", "OPTIONS"} {
		code, body := ask(t, method, r.api+"/healthz", "")
		require.Equal(t, 405, code)
		require.Contains(t, body, "GET and HEAD")
	}
	code, _ := ask(t, "HEAD", r.api+"/readyz", "")
	require.Equal(t, 200, code)
	code, body := ask(t, "GET", r.api+"/openapi.json", "")
	require.Equal(t, 200, code)
	require.Contains(t, body, `"openapi"`)
	code, body = ask(t, "GET", r.api+"/docs", "")
	require.Equal(t, 200, code)
	require.Contains(t, body, "<html")
	ask(t, "GET", r.api+instancesPath, "")
	code, body = ask(t, "GET", r.admin+"/metrics", "")
	require.Equal(t, 200, code)
	require.Contains(t, body, "aril_definitions_generation 1")
	require.Contains(t, body, `route="`+strings.NewReplacer("banking", "{domain}", "loan", "{workflow}").Replace(instancesPath)+`"`)
	for path, base := range map[string]string{"/metrics": r.api, "/debug/pprof/": r.admin, "/": r.api, "/api/v2": r.api, "//healthz": r.api} {
		code, _ := ask(t, "GET", base+path, "")
		require.Equal(t, 404, code, path)
	}
	_, body = ask(t, "GET", r.api+"/nope", "")
	require.Contains(t, body, "/openapi.json lists what there is")

	r = runs(t, Config{Pprof: true})
	code, _ = ask(t, "GET", r.admin+"/debug/pprof/", "")
	require.Equal(t, 200, code)
	code, _ = ask(t, "GET", r.admin+"/debug/pprof/", "", "Origin", "https://evil.example")
	require.Equal(t, 403, code, "no page in a browser of this machine reads it")
}

func TestADatabaseThatIsGoneIsNotReady(t *testing.T) {
	t.Parallel()
	var log text
	s, err := New(t.Context(), Config{Database: "sqlite::memory:", Definitions: definitions, Cache: compiled, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.NoError(t, s.store.Close())
	w := &answer{header: http.Header{}}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "/readyz", nil)
	require.NoError(t, err)
	s.Handler().ServeHTTP(w, r)
	require.Equal(t, 503, w.code)
	require.Contains(t, w.body.String(), `"database":"does not answer"`)
	require.Equal(t, 1, strings.Count(log.String(), "not ready"))
	s.Handler().ServeHTTP(w, r)
	require.Equal(t, 1, strings.Count(log.String(), "not ready"), "who asks often does not make the database be asked often")
	_ = s.Close(t.Context())
}

type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// slow is a backend that answers when it is let.
func slow(t *testing.T) (address string, asked chan struct{}, let chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked, let = make(chan struct{}, 16), make(chan struct{})
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-let:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, `{"limit":7}`)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String(), asked, let
}

// withBackend are definitions whose extension asks a backend.
func withBackend(t *testing.T, backend string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(definitions)))
	path := filepath.Join(dir, "script.json")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var task map[string]any
	require.NoError(t, json.Unmarshal(raw, &task))
	task["attributes"] = map[string]any{"type": "6", "config": map[string]any{"url": backend, "method": "GET"}}
	raw, err = json.Marshal(task)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return dir
}

func TestAShutdownAnswersWhatRunsAndAcceptsNothingMore(t *testing.T) {
	t.Parallel()
	backend, asked, let := slow(t)
	r := runs(t, Config{Definitions: withBackend(t, backend), HTTPAllow: []string{backend}, ShutdownDelay: 300 * time.Millisecond})
	code, _ := ask(t, "POST", r.api+instancesPath+"/start", `{"key":"k","attributes":{}}`)
	require.Equal(t, 201, code)
	type reply struct {
		code int
		body string
	}
	read := make(chan reply, 1)
	go func() {
		code, body := ask(t, "GET", r.api+instancesPath+"/k", "")
		read <- reply{code, body}
	}()
	<-asked
	r.stop()
	require.Eventually(t, func() bool { code, _ := ask(t, "GET", r.admin+"/readyz", ""); return code == 503 }, patience, 5*time.Millisecond)
	code, body := ask(t, "GET", r.api+"/healthz", "")
	require.Equal(t, 200, code, "within the delay it still answers: %s", body)
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.api, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, patience, 5*time.Millisecond, "it accepts nothing more")
	close(let)
	got := <-read
	require.Equal(t, 200, got.code)
	require.Contains(t, got.body, `"hello":"k"`)
	require.NoError(t, r.result(t))
	require.Contains(t, r.log.String(), "msg=ended")
}

func TestAShutdownThatTakesTooLongCutsOff(t *testing.T) {
	t.Parallel()
	backend, asked, _ := slow(t)
	abandon := make(chan struct{})
	for name, cfg := range map[string]Config{
		"by time":   {ShutdownTimeout: 50 * time.Millisecond},
		"by signal": {Abandon: abandon},
	} {
		cfg.Definitions, cfg.HTTPAllow = withBackend(t, backend), []string{backend}
		r := runs(t, cfg)
		code, _ := ask(t, "POST", r.api+instancesPath+"/start", `{"key":"k","attributes":{}}`)
		require.Equal(t, 201, code)
		go func() {
			resp, err := http.Get(r.api + instancesPath + "/k")
			if err == nil {
				_ = resp.Body.Close()
			}
		}()
		<-asked
		r.stop()
		if cfg.Abandon != nil {
			close(abandon)
			require.ErrorIs(t, r.result(t), ErrAbandoned, name)
		} else {
			require.ErrorIs(t, r.result(t), ErrUnfinished, name)
		}
	}
}

func TestWithTokensOnlyThoseWhoHaveOneAreAnswered(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens.json")
	secret, digest := guard.NewToken()
	line, err := json.Marshal(guard.TokenEntry{ID: "ci", SHA256: digest, Roles: []string{"read", "write"}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, line, 0o600))
	require.NoError(t, os.Chmod(file, 0o644))
	r := runs(t, Config{Tokens: file})
	require.Contains(t, r.log.String(), "use chmod 600")
	code, _ := ask(t, "GET", r.api+instancesPath, "")
	require.Equal(t, 401, code)
	code, _ = ask(t, "GET", r.api+instancesPath, "", "Authorization", "Bearer "+secret)
	require.Equal(t, 200, code)
	code, _ = ask(t, "GET", r.api+"/readyz", "")
	require.Equal(t, 200, code, "health needs none")
	long := `{"key":"k","attributes":{"a":"` + strings.Repeat("x", 2<<20) + `"}}`
	code, _ = ask(t, "POST", r.api+instancesPath+"/start", long, "Authorization", "Bearer "+secret)
	require.Equal(t, 413, code)
	code, _ = ask(t, "POST", r.api+"/api/v1/definitions/publish", long, "Authorization", "Bearer "+secret)
	require.Equal(t, 403, code, "a publish may be longer; here the role is missing")
	code, _ = ask(t, "POST", r.api+instancesPath+"/start", `{"key":"k","attributes":{}}`, "Authorization", "Bearer "+secret)
	require.Equal(t, 201, code)
	code, _ = ask(t, "PATCH", r.api+instancesPath+"/k/transitions/submit", `{}`, "Authorization", "Bearer "+secret)
	require.Equal(t, 403, code, "the role of the grant is not among the token's")
	require.NotContains(t, r.log.String(), secret)

	_, err = New(t.Context(), Config{Tokens: filepath.Join(t.TempDir(), "nope"), Database: "sqlite::memory:"})
	var wrong *ConfigError
	require.ErrorAs(t, err, &wrong)
}

func TestWhatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	r := runs(t, Config{})
	taken := strings.TrimPrefix(r.api, "http://")
	err := Run(t.Context(), Config{Listen: taken, Database: "sqlite::memory:"})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "--listen "+taken+": address already in use")
	err = Run(t.Context(), Config{Listen: "127.0.0.1:0", Admin: taken, Database: "sqlite::memory:"})
	require.ErrorContains(t, err, "--admin "+taken)

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte(`{"flow":"sys-tasks"}`), 0o600))
	_, err = New(t.Context(), Config{Database: "sqlite::memory:", Definitions: dir})
	var refused *enrich.PublishError
	require.ErrorAs(t, err, &refused)
	_, err = New(t.Context(), Config{Database: "sqlite:" + dir})
	require.ErrorContains(t, err, "open sqlite:"+dir)
	_, err = New(t.Context(), Config{Database: "sqlite::memory:", HTTPAllow: []string{"ftp://x"}})
	var wrong *ConfigError
	require.ErrorAs(t, err, &wrong)
	require.ErrorContains(t, err, "--http-allow")
	err = Run(t.Context(), Config{Listen: "127.0.0.1:0", Database: "sqlite::memory:", TLSCert: "nope", TLSKey: "nope"})
	require.ErrorContains(t, err, "--tls-cert")
}

func TestAServiceWithoutDefinitionsSaysWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	r := runs(t, Config{Definitions: t.TempDir()})
	r.log.eventually(t, "there are no definitions yet")
	require.NotContains(t, runs(t, Config{}).log.String(), "there are no definitions yet")
	code, body := ask(t, "GET", r.api+instancesPath, "")
	require.Equal(t, 404, code, body)
}

func TestHangUpLoadsTheDefinitionsAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(definitions)))
	reload := make(chan os.Signal)
	r := runs(t, Config{Definitions: dir, Reload: reload})
	raw, err := os.ReadFile(filepath.Join(dir, "loan.json"))
	require.NoError(t, err)
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "loan.json"), []byte(text), 0o600))
		reload <- syscall.SIGHUP
	}
	write(strings.ReplaceAll(string(raw), `"loan"`, `"credit"`))
	r.log.eventually(t, "generation=2")
	code, _ := ask(t, "POST", r.api+strings.Replace(instancesPath, "loan", "credit", 1)+"/start", `{"attributes":{}}`)
	require.Equal(t, 201, code)
	write("{")
	r.log.eventually(t, `msg="definitions not loaded again" issue="loan.json:1`)
	code, _ = ask(t, "POST", r.api+strings.Replace(instancesPath, "loan", "credit", 1)+"/start", `{"attributes":{}}`)
	require.Equal(t, 201, code, "the last good version serves on")
}
