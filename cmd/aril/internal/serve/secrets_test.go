package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestSecretsAreFilesOfOneDirectory(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("outside", "not yours")
	write("secrets/vault/limits", "s3cret\n")
	write("secrets/vault/windows", "s3cret\r\n")
	write("secrets/vault/two", "a\n\n")
	write("secrets/vault/large", strings.Repeat("x", secretBytes+1))
	write("secrets/plain", "no store")
	// As Kubernetes mounts them: links within the directory.
	require.NoError(t, os.Symlink("vault", filepath.Join(root, "secrets", "current")))
	require.NoError(t, os.Symlink("../outside", filepath.Join(root, "secrets", "vault", "link")))
	require.NoError(t, os.Symlink(root, filepath.Join(root, "secrets", "up")))
	get := secretsOf(filepath.Join(root, "secrets"))
	for name, want := range map[string]string{"vault/limits": "s3cret", "vault/windows": "s3cret", "vault/two": "a\n", "current/limits": "s3cret"} {
		store, key, _ := strings.Cut(name, "/")
		v, err := get(t.Context(), enrich.SecretRequest{Store: store, Key: key})
		require.NoError(t, err, name)
		require.Equal(t, want, v)
	}
	for _, r := range []enrich.SecretRequest{
		{Store: "vault", Key: "nope"}, {Store: "vault", Key: "../../outside"}, {Store: "..", Key: "outside"}, {Store: "vault", Key: "link"},
		{Store: "up", Key: "outside"}, {Store: "", Key: "plain"}, {Store: "/", Key: "etc/passwd"}, {Store: ".", Key: "plain"}, {Store: "vault", Key: ""},
		{Store: "vault", Key: "."}, {Store: "vault", Key: "limits\x00"}, {Store: "vault", Key: "large"},
	} {
		v, err := get(t.Context(), r)
		require.Error(t, err, "%q", r)
		require.Empty(t, v)
	}
	write("secrets/vault/limits", "new")
	v, err := get(t.Context(), enrich.SecretRequest{Store: "vault", Key: "limits"})
	require.NoError(t, err)
	require.Equal(t, "new", v, "a value that was replaced counts at once")
}
