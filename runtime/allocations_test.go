package runtime

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// One allocation is the context that next is given; an echo's other one is the
// result. Not in parallel: what is counted is the process's.
func TestHowOftenAPassAndAnEchoAllocateInTheProcess(t *testing.T) {
	rt := newRuntime(t, Config{})
	in := make([]byte, 128)
	bare := func(_ context.Context, in []byte) ([]byte, error) { return in, nil }
	for guest, most := range map[string]float64{"pass": 1, "echo": 2} {
		for mode, isolation := range map[string]Isolation{"pooled": Pooled, "fresh": Fresh} {
			op := Wrap(NewPipeline(load(t, rt, guest, ExtensionConfig{Isolation: isolation})), Operation{Kind: "test", Name: "bytes"}, bare)
			allocations := testing.AllocsPerRun(1000, func() {
				if out, err := op(t.Context(), in); err != nil || len(out) != len(in) {
					t.Errorf("%d bytes, %v", len(out), err)
				}
			})
			require.LessOrEqual(t, allocations, most, "%s, %s", guest, mode)
		}
	}
}
