package build

import (
	"context"
	"path/filepath"
)

// buildGo leaves the function names in (-w, not -s): they make a trap's trace
// readable and are not part of what runs.
func buildGo(ctx context.Context, s *source) ([]byte, error) {
	path := s.find("go")
	if path == "" {
		return nil, &MissingError{Tool: "Go 1.24 or newer", Install: []string{
			"see https://go.dev/doc/install",
			"apt-get install golang-go   (Debian 13 or newer)",
		}}
	}
	out := filepath.Join(s.tmp, "out.wasm")
	flags := "-ldflags=-w"
	if s.Debug {
		flags = "-ldflags="
	}
	err := s.run(ctx, command{
		path: path,
		args: []string{"build", "-buildmode=c-shared", "-trimpath", flags, "-o", out, "."},
		env:  []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"},
	})
	if err != nil {
		return nil, err
	}
	return product(out)
}
