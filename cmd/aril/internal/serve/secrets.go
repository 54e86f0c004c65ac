package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// secretBytes is the longest value of a secret.
const secretBytes = 64 << 10

var errNoSecret = errors.New("there is no such secret")

// secretsOf reads secrets from a directory, the file STORE/KEY for each, when
// they are asked for: a value that was replaced counts at once. One line feed
// at its end is taken away, since editors add it. Neither "..", nor a symbolic
// link, leads out of the directory; mounted secrets, which are links within it,
// work.
func secretsOf(dir string) func(context.Context, enrich.SecretRequest) (string, error) {
	return func(_ context.Context, r enrich.SecretRequest) (string, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return "", err
		}
		defer root.Close()
		name := r.Store + "/" + r.Key
		if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
			return "", errNoSecret
		}
		f, err := root.Open(name)
		if err != nil {
			return "", errNoSecret
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			return "", errNoSecret
		}
		raw, err := io.ReadAll(io.LimitReader(f, secretBytes+1))
		if err != nil {
			return "", errNoSecret
		}
		if len(raw) > secretBytes {
			return "", fmt.Errorf("a secret is longer than %d bytes", secretBytes)
		}
		value := strings.TrimSuffix(string(raw), "\n")
		return strings.TrimSuffix(value, "\r"), nil
	}
}
