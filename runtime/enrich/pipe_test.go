//go:build unix

package enrich

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPipeAmongTheDefinitionsIsRefusedNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "x.json"), 0o600))
	_, err := newEnricher(t, Config{}).LoadDir(t.Context(), dir)
	require.ErrorContains(t, err, "x.json:1: x.json is not a file")
}
