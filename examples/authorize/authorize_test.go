package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/authorize/authorize"
	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatAuthorizePrints(t *testing.T) { showtest.README(t, run) }

func both() []guesttest.Target {
	return guesttest.Both("./ext", func() any { return authorize.New() })
}

func TestARefusedFlowIsNotEvenValidated(t *testing.T) {
	t.Parallel()
	rules := guesttest.Config{Config: map[string]any{"pay": []string{"admin"}}}
	guesttest.Run(t, both(), rules, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		validated, ran := 0, 0
		pay := scope.NewFlow(scope.Definition{Name: "pay", Input: scope.ValidatorFunc(func(context.Context, any) error { validated++; return nil })},
			func(context.Context, int) (int, error) { ran++; return 0, nil })
		for who, want := range map[string]string{"": "nobody may not run pay in itself", "clerk": "clerk may not run pay in itself", "admin": ""} {
			cfg := scope.RunConfig{}
			if who != "" {
				cfg.Tags = []scope.Tagged{role.Of(who)}
			}
			_, err := scope.RunWith(t.Context(), s, cfg, pay, 1)
			if want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, want)
			}
		}
		require.Equal(t, 1, validated)
		require.Equal(t, 1, ran)
	})
}

func TestARoleWithinAnExecutionIsThatOfTheNearestTag(t *testing.T) {
	t.Parallel()
	rules := guesttest.Config{Config: map[string]any{"pay": []string{"admin"}}}
	guesttest.Run(t, both(), rules, func(t *testing.T, h *guesttest.Harness) {
		pay := scope.NewFlow(scope.Definition{Name: "pay"}, func(context.Context, int) (int, error) { return 1, nil })
		sudo := scope.NewFlow(scope.Definition{Name: "sudo"}, func(ctx context.Context, n int) (int, error) {
			if _, err := scope.Exec(ctx, pay, n); err == nil {
				t.Error("the clerk paid")
			}
			return scope.ExecWith(ctx, scope.ExecConfig{Tags: []scope.Tagged{role.Of("admin")}}, pay, n)
		})
		_, err := scope.RunWith(t.Context(), h.Scope(t, scope.Config{}), scope.RunConfig{Tags: []scope.Tagged{role.Of("clerk")}}, sudo, 1)
		require.NoError(t, err)
	})
}

func TestRulesThatAreMissingOrNoListsAreRefused(t *testing.T) {
	t.Parallel()
	for _, config := range []any{nil, map[string]any{}, "admin", map[string]any{"pay": "admin"}} {
		_, err := guesttest.Open(t, guesttest.Native(func() any { return authorize.New() }), guesttest.Config{Config: config})
		require.Error(t, err, "%v", config)
	}
}
