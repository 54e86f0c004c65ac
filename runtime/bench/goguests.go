package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tetratelabs/wazero"

	runtime "github.com/aril-wasm/aril/runtime"
)

// errNotHere says that a peer does not have a workload.
var errNotHere = errors.New("this peer does not have the workload")

// goGuests are the guests that Go builds: too large to commit.
type goGuests struct {
	dir      string
	aril     []byte // on the Go SDK
	goPlugin string // path: go-plugin loads files
	runtime  *runtime.Runtime
	compiled wazero.CompilationCache
}

// buildGoGuests builds both with the go command; the working directory must be
// in this module.
func buildGoGuests(ctx context.Context) (_ *goGuests, err error) {
	dir, err := os.MkdirTemp("", "aril-bench-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir) // the first error says more
		}
	}()
	g := &goGuests{dir: dir, goPlugin: filepath.Join(dir, "goplugin.wasm"), compiled: wazero.NewCompilationCache()}
	arilPath := filepath.Join(dir, "goaril.wasm")
	for path, source := range map[string]string{
		arilPath:   "github.com/aril-wasm/aril/runtime/bench/guest/goaril",
		g.goPlugin: "github.com/aril-wasm/aril/runtime/bench/guest/goplugin/guest",
	} {
		cmd := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", path, source)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building %s: %w\n%s", source, err, out)
		}
	}
	if g.aril, err = os.ReadFile(arilPath); err != nil {
		return nil, err
	}
	if g.runtime, err = runtime.New(ctx, runtime.Config{MemoryBytes: 2 << 30, CompileTime: 2 * time.Minute}); err != nil {
		return nil, err
	}
	// While this one is loaded, others of the same module are not compiled anew.
	_, err = g.runtime.Load(ctx, g.aril, runtime.ExtensionConfig{Name: "kept", Limits: runtime.Limits{MemoryBytes: 64 << 20}})
	if err != nil {
		_ = g.runtime.Close(ctx) // the first error says more
		return nil, err
	}
	return g, nil
}

func (g *goGuests) close() error {
	ctx := context.Background()
	return errors.Join(g.runtime.Close(ctx), g.compiled.Close(ctx), os.RemoveAll(g.dir))
}
