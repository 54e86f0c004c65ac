package show

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/show/testdata/greeter"
	aril "github.com/aril-wasm/aril/runtime"
)

const pkg = "github.com/aril-wasm/aril/examples/internal/show/testdata/"

func greeting(text string) Extension {
	return Extension{
		Name:    "greeter",
		New:     func() any { return greeter.New(text) },
		Package: pkg + "hello",
		Powers:  aril.ChangeResult,
	}
}

func greet(ctx context.Context, w io.Writer, extensions ...Loaded) error {
	v, err := aril.NewPipeline(extensions[0]).Do(ctx, aril.Operation{Kind: "demo", Name: "greet"}, nil,
		func(context.Context, any) (any, error) { return "Ann", nil })
	fmt.Fprintln(w, v)
	return err
}

func TestBothRunsArePrintedWithWhatTheExtensionLogs(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, Run(t.Context(), &out, greet, greeting("hello")))
	require.Equal(t, `native:
  [greeter] INFO greeting operation=greet with=hello
  hello
sandboxed:
  [greeter] INFO greeting operation=greet with=hello
  hello
`, out.String())
}

func TestExtensionsThatDoNotDoTheSameAreAnError(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.EqualError(t, Run(t.Context(), &out, greet, greeting("good day")), "the sandboxed extension did not do what the native one did")
	require.Contains(t, out.String(), "  good day\n")
	require.Contains(t, out.String(), "  hello\n")
}

func TestAScenarioThatFailsSaysWhereAndWhatItPrintedIsThere(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	broken := errors.New("broken")
	err := Run(t.Context(), &out, func(_ context.Context, w io.Writer, _ ...Loaded) error {
		fmt.Fprintln(w, "so far")
		return broken
	}, greeting("hello"))
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "native: broken")
	require.Equal(t, "native:\n  so far\n", out.String())
}

func TestAnExtensionThatDoesNotBuildIsNamed(t *testing.T) {
	t.Parallel()
	e := greeting("hello")
	e.Package = pkg + "absent"
	err := Run(t.Context(), io.Discard, greet, e)
	require.ErrorContains(t, err, "sandboxed: build "+e.Package)
	require.ErrorContains(t, err, "testdata/absent")
}

func TestOfTheHostsOwnLinesErrorsArePrinted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := slog.New(&logHandler{w: &out}).With("extension", "retry", "tenant", "acme")
	l.Warn("error hidden", "id", 3)
	l.Error("panicked", "hook", "wrap")
	l.Info("again", slog.Group("guest", slog.Int("b", 2), slog.Int("a", 1)))
	l.Debug("hidden", slog.Group("guest"))
	require.Equal(t, "[retry] ERROR panicked hook=wrap tenant=acme\n[retry] INFO again a=1 b=2 tenant=acme\n", out.String())
}
