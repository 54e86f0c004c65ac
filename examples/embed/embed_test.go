package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests do not run in parallel: each compiles three modules.

var update = flag.Bool("update", false, "write testdata/demo.txt anew")

// extensions is where TestMain puts what it builds.
var extensions string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "aril-embed-")
		if err == nil {
			defer os.RemoveAll(dir)
			err = buildExtensions(context.Background(), dir)
		}
		if err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error())
			return 1
		}
		extensions = dir
		return m.Run()
	}())
}

// What differs between two runs: ports, what was measured, and its width.
var (
	port    = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	figures = regexp.MustCompile(` *[\d,]+ (fuel|µs|KiB|of 16,777,216 bytes)`)
)

func TestTheDemoTellsItsStory(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), "", extensions, &out))
	got := figures.ReplaceAllString(port.ReplaceAllString(out.String(), "127.0.0.1:#"), " # $1")
	const golden = "testdata/demo.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	require.LessOrEqual(t, strings.Count(got, "\n"), 60, "it fits a screen")
}

func TestTheDemoFailsWhenExtensionsDoNotDoTheirWork(t *testing.T) {
	dir := t.TempDir()
	for name, from := range map[string]string{"audit": "retry", "retry": "audit", "hostile": "retry"} {
		wasm, err := os.ReadFile(filepath.Join(extensions, from+".wasm"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".wasm"), wasm, 0o644))
	}
	err := run(t.Context(), "", dir, io.Discard)
	require.ErrorContains(t, err, "aril_state_v1", "retry has no grant for what audit imports")

	wasm, err := os.ReadFile(filepath.Join(dir, "audit.wasm"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "retry.wasm"), wasm, 0o644))
	err = run(t.Context(), "", dir, io.Discard)
	require.ErrorContains(t, err, "mallory is blocked")
	require.ErrorContains(t, err, "audit recorded 0 operations")
	require.ErrorContains(t, err, "/attacks/loop")
}

func TestTheServerServesUntilItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, "127.0.0.1:0", extensions, write)
		_ = write.Close()
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	require.NoError(t, err)
	base := strings.TrimSpace(strings.TrimPrefix(line, "serving on "))

	get := func(path string, v any) {
		t.Helper()
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode, path)
		require.NoError(t, json.NewDecoder(resp.Body).Decode(v))
	}
	var order Order
	get("/orders/3", &order)
	require.Equal(t, Order{ID: 3, Customer: "ann", Items: []Item{{"filter", 3}}, Total: 960}, order)
	var quote Quote
	get("/quotes/pot", &quote)
	require.Equal(t, Quote{"pot", 1900, 3}, quote)
	var entries []string
	get("/audit", &entries)
	require.Equal(t, []string{"nobody order.read ok", "nobody quote ok"}, entries)
	var used []Used
	get("/usage", &used)
	require.Len(t, used, 2)
	for _, u := range used {
		require.EqualValues(t, 2, u.Operations, u.Extension)
		require.Positive(t, u.Fuel, u.Extension)
		require.Zero(t, u.Broken, u.Extension)
	}

	interrupt()
	require.NoError(t, <-done)
	_, err = http.Get(base + "/audit")
	require.Error(t, err)
}
