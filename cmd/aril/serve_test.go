package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

const serveDefinitions = "internal/serve/testdata/definitions"

func TestServeHelpTeaches(t *testing.T) {
	t.Parallel()
	r := tool(t, "serve", "--help")
	require.Equal(t, 0, r.code, r.stderr)
	golden(t, "serve_help.txt", r.stdout)
	for _, sub := range []string{"token", "health", "published", "unpublish"} {
		r := tool(t, "serve", sub, "--help")
		require.Equal(t, 0, r.code, r.stderr)
		require.Contains(t, r.stdout, "Examples:\n  aril serve "+sub)
		require.NotContains(t, r.stdout, "--definitions directory", "its usage is its own")
	}
}

// parsed are the options after flags and environment.
func parsed(t *testing.T, environment []string, arguments ...string) (*serveOptions, []string, error) {
	t.Helper()
	o := &serveOptions{}
	c := &cobra.Command{Use: "serve"}
	o.add(c)
	require.NoError(t, c.Flags().Parse(arguments))
	unknown, err := fromEnvironment(c.Flags(), environment)
	return o, unknown, err
}

func TestEveryFlagIsAVariableAndTheFlagWins(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"bool": "true", "int": "7", "duration": "7s", "size": "7KiB", "string": "seven", "stringArray": "a.example, b.example"}
	var all []string
	var sample serveOptions
	c := &cobra.Command{Use: "serve"}
	sample.add(c)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			require.Contains(t, texts, f.Value.Type(), f.Name)
			all = append(all, environmentName(f)+"="+texts[f.Value.Type()])
		}
	})
	o, unknown, err := parsed(t, append(all, "ARIL_SERVE_TYPO=x", "ARIL_SERVE_EMPTY=", "PATH=/bin", "ARIL_TOOLCHAINS=x"))
	require.NoError(t, err)
	require.Equal(t, []string{"ARIL_SERVE_TYPO"}, unknown)
	require.Equal(t, 7*time.Second, o.config.ShutdownTimeout)
	require.EqualValues(t, 7<<10, o.config.BodyBytes)
	require.Equal(t, []string{"a.example", "b.example"}, o.config.HTTPAllow)
	require.True(t, o.config.Dev)
	require.Equal(t, "seven", o.logFormat)
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		require.Contains(t, strings.Join(all, "\n"), name)
	}

	o, _, err = parsed(t, []string{"ARIL_SERVE_LISTEN=127.0.0.1:1", "ARIL_SERVE_TIMEOUT=1s", "ARIL_SERVE_HTTP_ALLOW=a"}, "--listen", "127.0.0.1:2", "--http-allow", "b", "--http-allow", "c")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:2", o.config.Listen)
	require.Equal(t, time.Second, o.config.Timeout)
	require.Equal(t, []string{"b", "c"}, o.config.HTTPAllow)
}

func TestADatabasesURLComesFromAFileToo(t *testing.T) {
	t.Parallel()
	url := file(t, "url", "postgres://aril:geheim@db/aril\n")
	o, _, err := parsed(t, []string{"ARIL_SERVE_DATABASE_FILE=" + url})
	require.NoError(t, err)
	require.Equal(t, "postgres://aril:geheim@db/aril", o.config.Database)
	o, _, err = parsed(t, []string{"ARIL_SERVE_DATABASE_FILE=" + url}, "--database", "sqlite:x.db")
	require.NoError(t, err)
	require.Equal(t, "sqlite:x.db", o.config.Database, "the flag wins")
	_, _, err = parsed(t, []string{"ARIL_SERVE_DATABASE_FILE=" + url, "ARIL_SERVE_DATABASE=sqlite:x.db"})
	require.ErrorContains(t, err, "which one counts?")
	_, _, err = parsed(t, []string{"ARIL_SERVE_DATABASE_FILE=nope"})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = parsed(t, nil, "--database", "postgres://aril:geheim@db/aril")
	require.ErrorContains(t, err, "other users of this machine can read")
	require.NotContains(t, err.Error(), "geheim")
	_, _, err = parsed(t, []string{"ARIL_SERVE_CONNECTIONS=geheim"})
	require.ErrorContains(t, err, "ARIL_SERVE_CONNECTIONS: want a int")
	require.NotContains(t, err.Error(), "geheim")
}

func TestSizesHaveUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1, "64KiB": 64 << 10, "1 MiB": 1 << 20, "2GiB": 2 << 30} {
		var n int64
		require.NoError(t, (&size{&n, 0}).Set(text), text)
		require.Equal(t, want, n)
	}
	for _, text := range []string{"", "0", "-1", "1MB", "x", "9999999GiB", "99999999999999999999"} {
		var n int64
		require.Error(t, (&size{&n, 0}).Set(text), text)
	}
	require.Equal(t, "1MiB", (&size{new(int64), 1 << 20}).String())
	require.Equal(t, "1000", (&size{nil, 1000}).String())
}

func TestAServiceThatCannotStartEndsWithItsCode(t *testing.T) {
	for want, c := range map[string]struct {
		code      int
		arguments []string
	}{
		`aril serve has no command "definitions"; a directory of definitions is given with --definitions`: {2, []string{"definitions"}},
		"without --tokens everybody there may do everything":                                              {2, []string{"--listen", ":8080"}},
		"--log-level is \"loud\"":                {2, []string{"--log-level", "loud"}},
		"--log-format is \"xml\"":                {2, []string{"--log-format", "xml"}},
		"--definitions: stat nope: no such file": {2, []string{"--definitions", "nope"}},
		"tokens: stat nope":                      {2, []string{"--tokens", "nope", "--database", "sqlite::memory:"}},
		"--database has a password in it":        {2, []string{"--database", "postgres://a:b@c/d"}},
		"script.json:1: ":                        {1, []string{"--database", "sqlite::memory:", "--definitions", filepath.Dir(file(t, "script.json", `{"flow":"sys-tasks"}`))}},
		"--listen 192.0.2.1:80: ":                {1, []string{"--database", "sqlite::memory:", "--tokens", tokenFile(t), "--listen", "192.0.2.1:80"}},
		"open sqlite:" + filepath.Join(serveDefinitions, "hello.js") + ":": {1, []string{"--database", "sqlite:" + filepath.Join(serveDefinitions, "hello.js")}},
	} {
		r := tool(t, append([]string{"serve", "--admin", "off"}, c.arguments...)...)
		require.Equal(t, c.code, r.code, "%v: %s", c.arguments, r.stderr)
		require.Contains(t, r.stdout+r.stderr, want)
	}
}

func tokenFile(t *testing.T) string {
	t.Helper()
	r := tool(t, "serve", "token", "--id", "ci", "--roles", "read")
	require.Equal(t, 0, r.code, r.stderr)
	_, line, ok := strings.Cut(r.stdout, "line       ")
	require.True(t, ok)
	return file(t, "tokens.json", strings.SplitN(line, "\n", 2)[0])
}

func TestATokenIsShownOnceAndItsLineLetsItIn(t *testing.T) {
	t.Parallel()
	r := tool(t, "serve", "token", "--id", "branch-17", "--roles", "read,teller", "--domains", "banking", "--valid", "720h")
	require.Equal(t, 0, r.code, r.stderr)
	fields := strings.Fields(r.stdout)
	require.True(t, strings.HasPrefix(fields[1], "aril_"))
	var entry guard.TokenEntry
	require.NoError(t, json.Unmarshal([]byte(fields[3]), &entry))
	require.Equal(t, []string{"read", "teller"}, entry.Roles)
	require.Equal(t, []string{"banking"}, entry.Domains)
	require.WithinDuration(t, time.Now().Add(720*time.Hour), *entry.Expires, time.Minute)

	tokens, err := guard.LoadTokens(file(t, "tokens.json", fields[3]))
	require.NoError(t, err)
	w := httptest.NewRecorder()
	q := httptest.NewRequest(http.MethodGet, "/", nil)
	q.Header.Set("Authorization", "Bearer "+fields[1])
	var caller guard.Caller
	tokens.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { caller = guard.CallerOf(r.Context()) })).ServeHTTP(w, q)
	require.Equal(t, "branch-17", caller.ID)

	for want, arguments := range map[string][]string{
		"say for whom":  {"--id", "x"},
		"id is letters": {"--id", "a b", "--roles", "read"},
		"no word":       {"--id", "a", "--roles", "a b"},
		"domain":        {"--id", "a", "--roles", "read", "--domains", "Banking"},
		"--valid is":    {"--id", "a", "--roles", "read", "--valid", "-1h"},
	} {
		r := tool(t, append([]string{"serve", "token"}, arguments...)...)
		require.Equal(t, 2, r.code)
		require.Contains(t, r.stderr, want)
	}
}

func TestHealthAsksWhetherAServiceIsReady(t *testing.T) {
	code := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"path":"` + r.URL.Path + `\u001b"}`))
	}))
	defer s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	r := tool(t, "serve", "health", "--admin", address)
	require.Equal(t, 0, r.code, r.stderr)
	require.Contains(t, r.stdout, "/readyz")
	code = http.StatusServiceUnavailable
	t.Setenv("ARIL_SERVE_ADMIN", strings.Replace(address, "127.0.0.1", "0.0.0.0", 1))
	require.Equal(t, 1, tool(t, "serve", "health").code)
	s.Close()
	require.Equal(t, 1, tool(t, "serve", "health", "--admin", address).code)
	require.Equal(t, 2, tool(t, "serve", "health", "--admin", "nope").code)
}

func TestWhatWasPublishedIsListedAndTakenAway(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "aril.db")
	s, err := store.Open(t.Context(), url, store.Options{})
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(serveDefinitions, "script.json"))
	require.NoError(t, err)
	require.NoError(t, s.Definitions().Save(t.Context(), []enrich.Document{{Name: "script.json", JSON: raw}}))
	require.NoError(t, s.Close())
	r := tool(t, "serve", "published", "--database", url)
	require.Equal(t, "sys-tasks banking/script 1.0.0\n", r.stdout, r.stderr)
	r = tool(t, "serve", "unpublish", "--database", url, "sys-tasks", "banking/script", "2.0.0")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "was not published")
	require.Equal(t, 0, tool(t, "serve", "unpublish", "--database", url, "sys-tasks", "banking/script", "1.0.0").code)
	require.Empty(t, tool(t, "serve", "published", "--database", url).stdout)

	missing := filepath.Join(t.TempDir(), "nope.db")
	require.Equal(t, 2, tool(t, "serve", "published", "--database", "sqlite:"+missing).code)
	require.NoFileExists(t, missing)
}

// TestSignalsEndTheService needs a process of its own.
func TestSignalsEndTheService(t *testing.T) {
	t.Parallel()
	need(t, "go")
	binary := filepath.Join(t.TempDir(), "aril")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for want, signals := range map[int][]syscall.Signal{0: {syscall.SIGTERM}, 130: {syscall.SIGINT, syscall.SIGTERM}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, binary, "serve", "--definitions", serveDefinitions, "--database", "sqlite::memory:", "--listen", "127.0.0.1:0", "--admin", "off", "--shutdown-delay", "20s")
		if want == 0 {
			cmd.Args = append(cmd.Args, "--shutdown-delay", "0s")
		}
		log, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		read := func(part string) {
			t.Helper()
			var text strings.Builder
			b := make([]byte, 4096)
			for !strings.Contains(text.String(), part) {
				n, err := log.Read(b)
				text.Write(b[:n])
				require.NoError(t, err, text.String())
			}
		}
		read("msg=listening")
		for i, s := range signals {
			require.NoError(t, cmd.Process.Signal(s))
			if i == 0 {
				read("msg=ending")
				time.Sleep(100 * time.Millisecond) // until the second signal is listened for
			}
		}
		_ = cmd.Wait()
		require.Equal(t, want, cmd.ProcessState.ExitCode())
		cancel()
	}
}
