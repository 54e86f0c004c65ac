package build

import (
	"context"
	"fmt"
	"path/filepath"
)

func buildWat(ctx context.Context, s *source) ([]byte, error) {
	if len(s.files) != 1 {
		return nil, fmt.Errorf("%s: one .wat file makes a module: name it", s.dir)
	}
	path := s.find("wat2wasm")
	if path == "" {
		return nil, &MissingError{Tool: "wat2wasm", Install: []string{"apt-get install wabt", "npm install -g wabt"}}
	}
	out := filepath.Join(s.tmp, "out.wasm")
	if err := s.run(ctx, command{path: path, args: []string{"--debug-names", s.files[0], "-o", out}}); err != nil {
		return nil, err
	}
	return product(out)
}
