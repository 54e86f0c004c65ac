package runtime

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// What an activation waits with counts as memory, and is given back.
func TestADeepNativeStackIsPaidForAndLetGoOf(t *testing.T) {
	t.Parallel()
	for name, isolation := range map[string]Isolation{"fresh": Fresh, "pooled": Pooled, "single": Single} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := newRuntime(t, Config{})
			g := load(t, rt, "deep", ExtensionConfig{Isolation: isolation})
			var idle, within int64
			do := Wrap(NewPipeline(g), text, func(_ context.Context, in string) (string, error) {
				within = rt.MemoryBytes()
				return in, nil
			})
			for range 3 {
				_, err := do(t.Context(), "in")
				require.NoError(t, err)
				if idle == 0 {
					idle = rt.MemoryBytes()
				}
				require.Equal(t, idle, rt.MemoryBytes(), "it does not add up")
				require.Greater(t, within, idle+400<<10)
			}
			require.NoError(t, g.Unload(t.Context()))
			require.Zero(t, rt.MemoryBytes())
		})
	}
}

func TestAStackThatTheQuotaDoesNotHoldEndsItsActivationAlone(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{MemoryBytes: 600 << 10})
	deep, healthy := load(t, rt, "deep", ExtensionConfig{}), load(t, rt, "pass", ExtensionConfig{})
	op := &operation{}
	_, err := Wrap(NewPipeline(deep), text, op.run)(t.Context(), "in")
	require.ErrorIs(t, err, ErrMemory)
	require.Zero(t, op.runs)
	_, err = Wrap(NewPipeline(healthy), text, op.run)(t.Context(), "in")
	require.NoError(t, err)
}
