package openapi_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// seed is new each time, and printed where a test fails; ARIL_FUZZ_SEED runs
// one again.
func seed(t testing.TB) uint64 {
	n := rand.Uint64()
	if text := os.Getenv("ARIL_FUZZ_SEED"); text != "" {
		var err error
		n, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("ARIL_FUZZ_SEED=%d", n)
	return n
}
