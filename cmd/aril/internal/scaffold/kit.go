package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	guestsdk "github.com/aril-wasm/aril/guest-sdk"
	"github.com/aril-wasm/aril/guest-sdk/js"
)

// A kit is what a language's extension is made of beside the author's files.
type kit struct {
	templates string   // folder of templates, on top of those of all languages
	main      string   // the file that the author begins in
	types     []string // files that types of a host's operations are written to
	typesDir  string
	parts     []part // of the SDK
	extra     func() (map[string]string, error)
}

// A part is a file or folder of guestsdk.Files, and where it goes within the
// SDK's folder.
type part struct {
	from, to string
}

// scriptFiles are what a script's author has beside it.
func scriptFiles() (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(js.Files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(js.Files, name)
		files[name] = string(text)
		return err
	})
	if readme, missing := fs.ReadFile(guestsdk.Files, "js/README.md"); missing == nil {
		files["README.md"] = string(readme)
	}
	return files, err
}

// kits by language.
var kits = map[build.Language]kit{
	build.Go: {
		templates: "go", main: "main.go", types: []string{"types.go", "types_msgpack.go"},
		parts: []part{{"go/guest", "guest-sdk/go/guest"}, {"go/internal/host", "guest-sdk/go/internal/host"}, {"go/README.md", "README.md"}},
		extra: func() (map[string]string, error) {
			return map[string]string{
				"go.mod":             "// The Go SDK of Aril, as the tool carries it.\nmodule github.com/aril-wasm/aril\n\ngo 1.25.0\n",
				"abi/names/names.go": abi.NamesSource,
			}, nil
		},
	},
	build.Rust: {
		templates: "rust", main: "src/lib.rs", types: []string{"src/types.rs"}, typesDir: "src",
		parts: []part{{"rust", "."}},
	},
	build.C: {
		templates: "c", main: "extension.c", types: []string{"types.h"},
		parts: []part{{"c", "."}},
	},
	build.AssemblyScript: {
		templates: "as", main: "assembly/index.ts", types: []string{"assembly/types.ts"}, typesDir: "assembly",
		parts: []part{{"assemblyscript", "."}},
	},
	build.JavaScript: {templates: "js", main: "index.js", types: []string{"types.d.ts"}, extra: scriptFiles},
	build.TypeScript: {templates: "ts", main: "index.ts", types: []string{"types.ts"}, extra: scriptFiles},
	build.Zig:        {templates: "zig", main: "main.zig", parts: []part{{"zig", "."}}},
}

// sdk adds the SDK's files, and the licence that they are under.
func (k kit) sdk(files map[string][]byte) error {
	for _, p := range append(k.parts, part{"LICENSE", "LICENSE"}) {
		found := 0
		err := fs.WalkDir(guestsdk.Files, p.from, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(guestsdk.Files, name)
			if err != nil {
				return err
			}
			found++
			to := p.to
			if name != p.from {
				to = path.Join(p.to, strings.TrimPrefix(name, p.from+"/"))
			}
			files[path.Join(SDKFolder, to)] = text
			return nil
		})
		if err != nil {
			return err
		}
		if found == 0 {
			return fmt.Errorf("the tool was built without %s", p.from)
		}
	}
	if k.extra != nil {
		extra, err := k.extra()
		if err != nil {
			return err
		}
		for name, text := range extra {
			if text == "" {
				return errors.New("the tool was built without " + name)
			}
			files[path.Join(SDKFolder, name)] = []byte(text)
		}
	}
	return nil
}
