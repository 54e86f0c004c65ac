package js_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	js "github.com/aril-wasm/aril/guest-sdk/js"
	aril "github.com/aril-wasm/aril/runtime"
)

// All tests share a runtime, and so one compile of the engine.
var (
	rt  *aril.Runtime
	log lines
)

// lines is the log of one extension after another.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// of gives what the extension called name has logged.
func (l *lines) of(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []byte
	for line := range bytes.Lines(l.text.Bytes()) {
		if slices.Contains(strings.Fields(string(line)), "extension="+name) {
			found = append(found, line...)
		}
	}
	return string(found)
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

func tryLoad(t testing.TB, script string, cfg aril.ExtensionConfig) (*aril.Guest, error) {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "script"
	}
	g, err := rt.Load(t.Context(), js.Module([]byte(script)), cfg)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, g.Unload(context.Background())) })
	}
	return g, err
}

func load(t testing.TB, script string, cfg aril.ExtensionConfig) *aril.Guest {
	t.Helper()
	g, err := tryLoad(t, script, cfg)
	require.NoError(t, err)
	return g
}

// through runs one operation of any type through a script.
func through(t testing.TB, g *aril.Guest, in any, next func(context.Context, any) (any, error)) (any, error) {
	t.Helper()
	return aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "execution", Name: "order.place", Key: "k1", MaxNext: 5}, next)(t.Context(), in)
}

func fails(err error) func(context.Context, any) (any, error) {
	return func(context.Context, any) (any, error) { return nil, err }
}

func echo(_ context.Context, in any) (any, error) { return in, nil }

// The scripts below are methods of an extension, for short.
func wrapping(method string) string {
	return `import * as aril from "aril"; import { ArilError, sleep, state, context, log } from "aril"; export default { ` + method + ` }`
}

func TestTheEngineIsWithinItsSize(t *testing.T) {
	t.Parallel()
	report, err := aril.Inspect(js.Module([]byte("export default {}")), aril.ExtensionConfig{Name: "script"})
	require.NoError(t, err)
	require.Less(t, report.CodeBytes+report.DataBytes, 800<<10)
}

func TestAScriptNeedsNoGrant(t *testing.T) {
	t.Parallel()
	g := load(t, wrapping(`wrap(op, next) { try { state.get("k") } catch (e) { return e.code } }`), aril.ExtensionConfig{Grants: aril.Grants{None: true}})
	v, err := through(t, g, nil, echo)
	require.NoError(t, err)
	require.Equal(t, "denied", v)
}

func BenchmarkPass(b *testing.B) {
	for _, c := range []struct{ name, script string }{
		{"sync", `wrap(op, next) { return next() }`},
		{"async", `async wrap(op, next) { return next() }`},
		{"await", `async wrap(op, next) { return await next() }`},
		{"change", `async wrap(op, next) { return { was: await next() } }`},
		{"log", `wrap(op, next) { console.log(op.name); return next() }`},
	} {
		for _, isolation := range []struct {
			name string
			aril.Isolation
		}{{"fresh", aril.Fresh}, {"pooled", aril.Pooled}} {
			b.Run(c.name+"/"+isolation.name, func(b *testing.B) {
				g := load(b, wrapping(c.script), aril.ExtensionConfig{Isolation: isolation.Isolation})
				f := aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "k", Name: "n"}, echo)
				for b.Loop() {
					if _, err := f(b.Context(), 20); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
