//go:build linux

// Package e2e attacks the real binary: it is built once, runs as a process of
// its own, and is killed, flooded, starved and lied to.
//
// ARIL_TEST_POSTGRES=postgres://… runs everything that touches the database on
// PostgreSQL too, ARIL_SERVE_LONG=1 the long forms, ARIL_SERVE_SEED=N one
// particular order of events, ARIL_SERVE_BINARY=PATH a binary that was built
// before.
package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// long says whether the long forms run.
var long = os.Getenv("ARIL_SERVE_LONG") != ""

// scratch is a folder that lives as long as the tests do.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "aril-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// binary builds the tool and gives its path.
var binary = sync.OnceValues(func() (string, error) {
	if built := os.Getenv("ARIL_SERVE_BINARY"); built != "" {
		return filepath.Abs(built)
	}
	path := filepath.Join(scratch, "aril")
	build := exec.Command("go", "build", "-o", path, "github.com/aril-wasm/aril/cmd/aril")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// random gives a source of randomness whose seed a failure names.
func random(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("ARIL_SERVE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "ARIL_SERVE_SEED")
		seed = n
	}
	t.Logf("ARIL_SERVE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}
