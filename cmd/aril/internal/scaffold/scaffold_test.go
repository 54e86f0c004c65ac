package scaffold_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/scaffold"
	guestsdk "github.com/aril-wasm/aril/guest-sdk"
)

func TestTheLicenceThatTravelsIsTheProjectsOwn(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../../../LICENSE")
	require.NoError(t, err)
	got, err := guestsdk.Files.ReadFile("LICENSE")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestEveryLanguageLaysDownItsSDK(t *testing.T) {
	t.Parallel()
	for _, language := range scaffold.Languages() {
		dir := filepath.Join(t.TempDir(), "retry")
		r, err := scaffold.New(scaffold.Options{Dir: dir, Language: language})
		require.NoError(t, err)
		require.Positive(t, r.SDK, language)
		require.FileExists(t, filepath.Join(dir, scaffold.SDKFolder, "README.md"), language)
		for _, name := range r.Files {
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.NotContains(t, string(text), "{{", name)
			require.NotContains(t, string(text), "<no value>", name)
		}
		err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			require.False(t, strings.HasSuffix(path, "_test.go"), path)
			return err
		})
		require.NoError(t, err)
	}
}
