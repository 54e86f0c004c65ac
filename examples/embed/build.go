package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// buildExtensions compiles the three extensions from source into dir. It needs
// nothing but Go.
func buildExtensions(ctx context.Context, dir string) error {
	for _, name := range []string{"retry", "audit", "hostile"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w",
			"-o", filepath.Join(dir, name+".wasm"), "github.com/aril-wasm/aril/examples/embed/"+name)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}
