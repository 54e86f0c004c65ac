package sandbox

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A new version of the engine may keep its stacks elsewhere. Then they would
// no longer be counted, and this fails.
func TestTheEngineShowsItsStacks(t *testing.T) {
	t.Parallel()
	i, err := scribbler(t, false).NewInstance(t.Context(), false)
	require.NoError(t, err)
	defer func() { require.NoError(t, i.Close()) }()
	require.EqualValues(t, firstStack, stackOf(i.hooks[PhaseWrap].fn).bytes())
}
