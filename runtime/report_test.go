package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLogOfABreakageSaysWhichRunAndWhetherTheOperationRan(t *testing.T) {
	t.Parallel()
	for guest, runs := range map[string]float64{"trap_before": 0, "trap_after": 1} {
		var out bytes.Buffer
		rt := newRuntime(t, Config{Logger: slog.New(slog.NewJSONHandler(&out, nil))})
		var id uint64
		spy := native{"spy", nil}
		spy.wrap = func(ctx context.Context, op *Invocation, next Next) (any, error) { id = op.ID; return next(ctx) }
		_, err := Wrap(NewPipeline(spy, load(t, rt, guest, ExtensionConfig{})), text, (&operation{}).run)(t.Context(), "in")
		require.ErrorIs(t, err, ErrTrap)
		var line map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &line))
		require.Equal(t, "extension broke", line["msg"])
		require.Equal(t, "text", line["operation"])
		require.Equal(t, runs, line["runs"])
		require.Equal(t, float64(id), line["id"])
		require.Positive(t, id)
	}
}
