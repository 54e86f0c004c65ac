package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed definitions
var definitions embed.FS

// prepare copies the definitions into a directory of their own, tells the
// tasks where the backend listens, and builds the mapping that is in Go beside
// its definition.
func prepare(ctx context.Context, backend string) (dir string, err error) {
	dir, err = os.MkdirTemp("", "aril-enrichment-")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	sources, err := fs.Sub(definitions, "definitions")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, sources); err != nil {
		return "", err
	}
	tasks, err := filepath.Glob(filepath.Join(dir, "Tasks", "*.json"))
	if err != nil {
		return "", err
	}
	for _, name := range tasks {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		text = bytes.ReplaceAll(text, []byte("http://backend.invalid"), []byte(backend))
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w",
		"-o", filepath.Join(dir, "Extensions", "src", "CustomerProfileMapping.wasm"), "github.com/aril-wasm/aril/examples/enrichment/mappings/customerprofile")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the mapping in Go: %w\n%s", err, out)
	}
	return dir, nil
}
