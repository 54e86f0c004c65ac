package typegen

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/msgpackgen"
)

// Languages lists those that Files knows.
func Languages() []string { return []string{"go", "rust", "c", "as", "js", "ts"} }

// Files writes the types in a language: the files by their names. from is the
// name of the file that they came from, for a comment.
func Files(d *Description, l build.Language, from string) (map[string][]byte, error) {
	switch l {
	case build.Go:
		return goFiles(d, from)
	case build.Rust:
		return map[string][]byte{"types.rs": Rust(d, from)}, nil
	case build.C:
		return map[string][]byte{"types.h": C(d, from)}, nil
	case build.AssemblyScript:
		return map[string][]byte{"types.ts": AssemblyScript(d, from)}, nil
	case build.TypeScript:
		return map[string][]byte{"types.ts": TypeScript(d, from)}, nil
	case build.JavaScript:
		return map[string][]byte{"types.d.ts": TypeScript(d, from)}, nil
	}
	return nil, fmt.Errorf("types are not written in %q, but in %s", l, strings.Join(Languages(), ", "))
}

// goFiles are the types, and the methods that aril msgpack makes of them.
func goFiles(d *Description, from string) (map[string][]byte, error) {
	types, err := Go(d, "main", from)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"types.go": types}
	if len(d.Objects) == 0 {
		return files, nil
	}
	dir, err := os.MkdirTemp("", "aril-types-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "types.go")
	if err := os.WriteFile(path, types, 0o600); err != nil {
		return nil, err
	}
	files["types_msgpack.go"], err = msgpackgen.File(path)
	return files, err
}
