package show

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// patience is for limits of time: on a busy machine short ones would make an
// example fail by chance. Fuel, which is the same everywhere, bounds loops.
const patience = time.Minute

func loadSandboxed(ctx context.Context, logger *slog.Logger, extensions []Extension) (_ []Loaded, unload func() error, err error) {
	rt, err := aril.New(ctx, aril.Config{Logger: logger, CacheDir: cacheDir(), CompileTime: patience})
	if err != nil {
		return nil, nil, err
	}
	unload = func() error { return rt.Close(context.WithoutCancel(ctx)) }
	var loaded []Loaded
	for _, e := range extensions {
		g, err := e.sandbox(ctx, rt)
		if err != nil {
			return nil, nil, errors.Join(err, unload())
		}
		loaded = append(loaded, g)
	}
	return loaded, unload, nil
}

func (e Extension) sandbox(ctx context.Context, rt *aril.Runtime) (*aril.Guest, error) {
	wasm, err := e.build(ctx)
	if err != nil {
		return nil, err
	}
	return rt.Load(ctx, wasm, aril.ExtensionConfig{
		Name:    e.Name,
		Config:  e.Config,
		Powers:  e.Powers,
		Filters: e.Filters,
		Grants:  aril.Grants{Capabilities: e.Grants},
		Limits:  aril.Limits{SelfTime: patience, EventTime: patience, InitTime: patience, EventFuel: e.EventFuel},
	})
}

// build gives the module of the extension, which is made once in this process
// however many extensions are of it.
func (e Extension) build(ctx context.Context) ([]byte, error) {
	pkg := e.Package
	if pkg == "" {
		pkg = "github.com/aril-wasm/aril/examples/" + e.Name + "/ext"
	}
	modules.mu.Lock()
	defer modules.mu.Unlock()
	if wasm := modules.built[pkg]; wasm != nil {
		return wasm, nil
	}
	wasm, err := compile(ctx, pkg)
	if err == nil {
		modules.built[pkg] = wasm
	}
	return wasm, err
}

var modules = struct {
	mu    sync.Mutex
	built map[string][]byte
}{built: map[string][]byte{}}

// compile runs the Go toolchain. The same source gives the same bytes, so that
// the runtime finds its compiled code in the cache.
func compile(ctx context.Context, pkg string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "aril-example-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "extension.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return os.ReadFile(file)
}

// cacheDir is where compiled code is kept between runs; "" where there is no
// such place.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "aril", "examples")
}
