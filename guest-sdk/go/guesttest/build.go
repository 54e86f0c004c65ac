package guesttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var built sync.Map // package directory to func() ([]byte, error)

func buildWasm(t testing.TB, pkg string) ([]byte, error) {
	t.Helper()
	key, err := filepath.Abs(pkg)
	if err != nil {
		return nil, err
	}
	build, _ := built.LoadOrStore(key, sync.OnceValues(func() ([]byte, error) { return goBuild(pkg) }))
	return build.(func() ([]byte, error))()
}

func goBuild(pkg string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "guesttest")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "extension.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %v\n%s", errBuild, err, out)
	}
	return os.ReadFile(file)
}

var errBuild = errors.New("guesttest: building the extension")
