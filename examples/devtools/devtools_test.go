package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatDevtoolsPrints(t *testing.T) { showtest.README(t, run) }

// TestCommands sends commands to the extension, native and sandboxed.
func TestCommands(t *testing.T) {
	t.Parallel()
	var l link
	var out strings.Builder
	require.NoError(t, show.Run(t.Context(), &out, func(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
		s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{extensions[0]}, Registry: []scope.AnyExecutor{theme, user, page}})
		require.NoError(t, err)
		for _, c := range []struct {
			name, command, code string
			theme               string
			user                customer
		}{
			{"an update", `{"type":"update-executor","payload":{"name":"theme","value":"dark"}}`, "", "dark", customer{"ann", 1}},
			{"of a field", `{"type":"update-executor","payload":{"name":"user","value":{"visits":7}}}`, "", "light", customer{"ann", 7}},
			{"of a wrong type", `{"type":"update-executor","payload":{"name":"user","value":"bob"}}`, "invalid_argument", "light", customer{"ann", 1}},
			{"of a number with a fraction", `{"type":"update-executor","payload":{"name":"user","value":{"visits":1.5}}}`, "invalid_argument", "light", customer{"ann", 1}},
			{"of nothing", `{"type":"update-executor","payload":{"value":1}}`, "", "light", customer{"ann", 1}},
			{"of an unknown executor", `{"type":"update-executor","payload":{"name":"nobody","value":1}}`, "not_found", "light", customer{"ann", 1}},
			{"of one without a value", `{"type":"update-executor","payload":{"name":"page","value":"x"}}`, "not_resolved", "light", customer{"ann", 1}},
			{"a release", `{"type":"release-executor","payload":{"name":"theme"}}`, "", "", customer{"ann", 1}},
			{"of an unknown executor", `{"type":"release-executor","payload":{"name":"nobody"}}`, "not_found", "light", customer{"ann", 1}},
			{"an unknown command", `{"type":"dispose-scope","payload":{}}`, "unknown_type", "light", customer{"ann", 1}},
			{"nothing", ``, "malformed", "light", customer{"ann", 1}},
			{"no object", `[1]`, "malformed", "light", customer{"ann", 1}},
			{"half an object", `{"type":"release-executor","payload":{"name":"the`, "malformed", "light", customer{"ann", 1}},
			{"two objects", `{"type":"release-executor","payload":{"name":"theme"}}{}`, "malformed", "light", customer{"ann", 1}},
			{"a name that is no text", `{"type":"release-executor","payload":{"name":5}}`, "malformed", "light", customer{"ann", 1}},
			{"nesting without end", strings.Repeat(`{"payload":`, 6000), "malformed", "light", customer{"ann", 1}},
			{"a value that is not too deep", `{"type":"update-executor","payload":{"name":"nobody","value":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}}`, "not_found", "light", customer{"ann", 1}},
			{"a deep value", `{"type":"update-executor","payload":{"name":"theme","value":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}}`, "malformed", "light", customer{"ann", 1}},
		} {
			_, _ = scope.Resolve(ctx, s, theme)
			_, _ = scope.Resolve(ctx, s, user)
			require.NoError(t, scope.Set(ctx, s, theme, "light"))
			require.NoError(t, scope.Set(ctx, s, user, customer{"ann", 1}))

			_, err := extensions[0].Call(ctx, "command", c.command)
			var refused *aril.Error
			switch {
			case c.code != "":
				require.ErrorAs(t, err, &refused, c.name)
				require.Equal(t, c.code, refused.ErrorCode, c.name)
			case c.name == "of nothing":
				require.Error(t, err, c.name)
			default:
				require.NoError(t, err, c.name)
			}
			require.Equal(t, c.theme, scope.Access(s, theme).Lookup().Value, c.name)
			require.Equal(t, c.user, scope.Access(s, user).Lookup().Value, c.name)
		}
		return s.Dispose(ctx)
	}, l.extension()), "%s", &out)
}

// What an executor may be worth, and how JSON shows it.
func TestAnythingCanBeShown(t *testing.T) {
	t.Parallel()
	values := []struct {
		value any
		shown string
	}{
		{nil, `null`},
		{"<a & b>", `"<a & b>"`},
		{math.MaxInt64, `9223372036854775807`},
		{uint64(math.MaxUint64), `18446744073709551615`},
		{math.NaN(), `null`},
		{[]float64{1.5, math.Inf(1)}, `[1.5,null]`},
		{[]byte("abc"), `"YWJj"`},
		{time.Date(2024, 2, 29, 12, 0, 0, 5e8, time.UTC), `"2024-02-29T12:00:00.5Z"`},
		{map[string]any{"when": time.Unix(0, 0)}, `{"when":"1970-01-01T00:00:00Z"}`},
		{customer{"ann", 2}, `{"name":"ann","visits":2}`},
		{make(chan int), `"[chan int]"`},
	}
	var executors []scope.AnyExecutor
	for i, v := range values {
		executors = append(executors, scope.Value(v.value, scope.Name(fmt.Sprint(i))))
	}
	executors = append(executors, scope.Value("nameless"), scope.Provide(func(context.Context, *scope.Controller) (int, error) {
		return 0, errors.New("broken")
	}, scope.Name("broken")))

	changes := make(chan string, 100)
	var l link
	e := l.extension()
	e.Functions["acme_devtools_v1.broadcast"] = func(_ context.Context, message any) (any, error) {
		changes <- message.(string)
		return nil, nil
	}
	x, err := native.New(e.Name, e.New(), native.Config{Powers: e.Powers, Functions: e.Functions})
	require.NoError(t, err)
	s, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{x}})
	require.NoError(t, err)
	want := `{"type":"initial-state","executors":[`
	for i, v := range values {
		_, err := s.ResolveAny(t.Context(), executors[i])
		require.NoError(t, err)
		shown := timestamp.ReplaceAllString(<-changes, `"timestamp":0`)
		require.Equal(t, fmt.Sprintf(`{"type":"state-change","event":"resolve","executor":"%d","value":%s,"timestamp":0}`, i, v.shown), shown)
		want += fmt.Sprintf(`{"name":"%d","resolved":true,"value":%s},`, i, v.shown)
	}
	for _, e := range executors[len(values):] {
		_, _ = s.ResolveAny(t.Context(), e)
	}
	want += `{"name":"unnamed","resolved":true,"value":"nameless"},{"name":"broken","resolved":false,"value":null}]}`
	state, err := x.Call(t.Context(), "initialState", nil)
	require.NoError(t, err)
	require.Equal(t, want, state)
	require.NoError(t, s.Dispose(t.Context()))
}

func TestAChangeTakesPlaceWhenItCannotBeShown(t *testing.T) {
	t.Parallel()
	var l link
	e := l.extension()
	e.Functions["acme_devtools_v1.broadcast"] = func(context.Context, any) (any, error) { return nil, errors.New("no socket") }
	x, err := native.New(e.Name, e.New(), native.Config{Functions: e.Functions})
	require.NoError(t, err)
	s, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{x}})
	require.NoError(t, err)
	shown, err := scope.Resolve(t.Context(), s, page)
	require.NoError(t, err)
	require.Equal(t, "ann sees it in light", shown)
}

func TestTheServerServesUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out writer
	out.line = make(chan string, 1)
	done := make(chan error, 1)
	go func() { done <- serve(ctx, &out, "127.0.0.1:0") }()
	conn, _, err := websocket.Dial(t.Context(), strings.TrimSpace(<-out.line), nil)
	require.NoError(t, err)
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"update-executor","payload":{"name":"theme","value":"dark"}}`)))
	for seen := false; !seen; {
		_, message, err := conn.Read(t.Context())
		require.NoError(t, err)
		var m struct {
			Executor string
			Value    any
		}
		require.NoError(t, json.Unmarshal(message, &m))
		seen = m.Executor == "page" && m.Value == "ann sees it in dark"
	}
	interrupt()
	require.NoError(t, <-done)
	for err == nil { // past what was under way
		_, _, err = conn.Read(t.Context())
	}
	require.NoError(t, t.Context().Err())
}

// A writer gives its first line to who waits for it.
type writer struct {
	once sync.Once
	line chan string
}

func (w *writer) Write(b []byte) (int, error) {
	w.once.Do(func() { w.line <- string(b) })
	return len(b), nil
}
