package runtime

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttemptCountsTheRunsOfTheFunctionItself(t *testing.T) {
	t.Parallel()
	var before []int
	twice := native{"twice", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		before = append(before, Attempt(ctx))
		_, _ = next(ctx)
		return next(ctx)
	}}
	var seen []int
	note := func(ctx context.Context, _ string) (string, error) {
		seen = append(seen, Attempt(ctx))
		return "", nil
	}
	_, err := Wrap(NewPipeline(twice, twice), text, note)(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3, 4}, seen)
	require.Equal(t, []int{0, 0, 1}, before, "in an extension: whether it has run")

	seen = nil
	inner := Wrap(NewPipeline(native{name: "n"}), text, note)
	_, err = Wrap(NewPipeline(load(t, newRuntime(t, Config{}), "twice", ExtensionConfig{})), text, func(ctx context.Context, in string) (string, error) {
		_, _ = inner(ctx, in)
		return note(ctx, in)
	})(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 1, 2}, seen, "an operation inside another counts for itself")

	require.Zero(t, Attempt(t.Context()), "outside")
}

func TestAttemptsThatRunAtOnceAreToldApart(t *testing.T) {
	t.Parallel()
	const runs = 8
	all := native{"all", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		done := make(chan error, runs)
		for range runs {
			go func() { _, err := next(ctx); done <- err }()
		}
		var errs []error
		for range runs {
			errs = append(errs, <-done)
		}
		return "", errors.Join(errs...)
	}}
	var begun atomic.Int64
	everybody, seen := make(chan struct{}), make(chan int, runs)
	_, err := Wrap(NewPipeline(all), text, func(ctx context.Context, _ string) (string, error) {
		if begun.Add(1) == runs {
			close(everybody)
		}
		<-everybody
		seen <- Attempt(ctx)
		return "", nil
	})(t.Context(), "")
	require.NoError(t, err)
	var got []int
	for range runs {
		got = append(got, <-seen)
	}
	require.ElementsMatch(t, []int{1, 2, 3, 4, 5, 6, 7, 8}, got)
}
