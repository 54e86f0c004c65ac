package runtime

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAGuestGetsItsMemoryToThePage(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "grow", ExtensionConfig{Limits: Limits{MemoryBytes: 7 * 65_536}})
	pages, err := Wrap(NewPipeline(g), text, func(context.Context, int) (int, error) { return 0, nil })(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 7, pages)
}

func TestAModuleOverItsSizeIsRefusedAsAFile(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	module := guestFile(t, "pass")
	size := int64(len(module))
	_, err := rt.Load(t.Context(), module, ExtensionConfig{Name: "g", Limits: Limits{ModuleBytes: size}})
	require.NoError(t, err)
	_, err = rt.Load(t.Context(), module, ExtensionConfig{Name: "g", Limits: Limits{ModuleBytes: size - 1}})
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorAs(t, err, new(*FormatError))
}

func TestWhatCrossesTheBoundaryIsBoundedInSum(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	in := strings.Repeat("x", 1000) // 1,003 bytes as a message: read, read with next, answered
	run := func(limit int64) error {
		_, err := Wrap(NewPipeline(load(t, rt, "echo", ExtensionConfig{Limits: Limits{TransferBytes: limit}})), text,
			func(_ context.Context, in string) (string, error) { return in, nil })(t.Context(), in)
		return err
	}
	require.NoError(t, run(3*1003))
	require.ErrorIs(t, run(3*1003-1), ErrABI, "the answer was not taken, so DONE has none")
}

func TestANestedOperationDoesNotWaitForItsOwnRoot(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Limits: Limits{Instances: 1}})
	p := NewPipeline(g)
	inner := Wrap(p, text, (&operation{}).run)
	outer := Wrap(p, text, func(ctx context.Context, in string) (string, error) { return inner(ctx, in) })
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("it waited for itself"))
	defer cancel()
	got, err := outer(ctx, "in")
	require.NoError(t, err)
	require.Equal(t, "ran:in", got)
}

func TestAnErrorNamesTheLimitOfItsHook(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "grow", ExtensionConfig{Limits: Limits{EventFuel: 1_000_000, EventTime: time.Minute}})
	_, _, err := g.Event(t.Context(), Event{Type: "tick"})
	require.ErrorIs(t, err, ErrFuel)
	require.EqualError(t, err, `extension "grow": event: fuel exhausted (1,000,000 of 1,000,000)`)
}
