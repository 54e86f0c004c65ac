package runtime_test

import (
	"errors"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// bombTime is how much processor time one Load may take. Other tests and
// other programs slow a Load down, but do not make it work more.
const bombTime = 10 * time.Second

// bombMemory is how much larger the process may become by one Load.
const bombMemory = 1 << 30

func TestNoBombHoldsLoadForLongOrTakesMuchMemory(t *testing.T) {
	r := newHostileRig(t)
	for _, b := range append(compileBombs(), fileBombs()...) {
		t.Run(b.name, func(t *testing.T) {
			code := b.build()
			goroutines := goruntime.NumGoroutine()
			goruntime.GC()
			peak := peakMemory(t)
			before := cpuTime(t)
			g, err := r.rt.Load(t.Context(), code, aril.ExtensionConfig{Name: "attacker"})
			took := cpuTime(t) - before
			t.Logf("%d bytes, %v: %v", len(code), took.Round(time.Millisecond), err)
			if err == nil {
				require.NoError(t, g.Unload(t.Context()))
			} else if !errors.Is(err, aril.ErrRefused) {
				t.Fatalf("want no error or ErrRefused, got %v", err)
			} else {
				requireFitToShow(t, err.Error())
			}
			require.Less(t, took, bombTime)
			require.Less(t, peakMemory(t)-peak, int64(bombMemory), "bytes that the process grew by")
			r.requireHealthy(t)
			r.requireSettled(t, goroutines)
		})
	}
}
