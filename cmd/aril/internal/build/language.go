package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Language is one that Build knows.
type Language string

// The languages, by the names that the command line uses.
const (
	Go             Language = "go"
	Rust           Language = "rust"
	C              Language = "c"
	CPP            Language = "cpp"
	AssemblyScript Language = "as"
	JavaScript     Language = "js"
	TypeScript     Language = "ts"
	Zig            Language = "zig"
	Wat            Language = "wat"
	Wasm           Language = "wasm" // a module that something else built
)

// Languages lists them all.
func Languages() []Language {
	return []Language{Go, Rust, C, CPP, AssemblyScript, JavaScript, TypeScript, Zig, Wat, Wasm}
}

// Title is the language's name in a sentence.
func (l Language) Title() string {
	return map[Language]string{
		Go: "Go", Rust: "Rust", C: "C", CPP: "C++", AssemblyScript: "AssemblyScript",
		JavaScript: "JavaScript", TypeScript: "TypeScript", Zig: "Zig", Wat: "WebAssembly text", Wasm: "a built module",
	}[l]
}

// builders compile a source to a module without the section "aril".
var builders = map[Language]func(context.Context, *source) ([]byte, error){
	Go: buildGo, Rust: buildRust, C: buildC, CPP: buildC, AssemblyScript: buildAssemblyScript,
	JavaScript: buildScript, TypeScript: buildScript, Zig: buildZig, Wat: buildWat, Wasm: readModule,
}

// bySuffix finds the language of a file.
var bySuffix = map[string]Language{
	".go": Go, ".rs": Rust, ".c": C, ".cc": CPP, ".cpp": CPP, ".cxx": CPP,
	".js": JavaScript, ".mjs": JavaScript, ".ts": TypeScript, ".mts": TypeScript,
	".zig": Zig, ".wat": Wat, ".wasm": Wasm,
}

// markers are files that decide for a folder, before suffixes are looked at.
var markers = []struct {
	name     string
	language Language
}{
	{"asconfig.json", AssemblyScript},
	{"Cargo.toml", Rust},
	{"go.mod", Go},
	{"build.zig", Zig},
}

// entries are the files that a script begins in, in order of preference.
var entries = []string{
	"index.ts", "main.ts", "extension.ts", "src/index.ts", "src/main.ts",
	"index.js", "main.js", "extension.js", "index.mjs", "main.mjs", "src/index.js", "src/main.js",
}

// look finds out what there is to build.
func look(req Request) (*source, error) {
	if req.Language != "" && !slices.Contains(Languages(), req.Language) {
		return nil, fmt.Errorf("language %q is none of %s", req.Language, languageList())
	}
	path, err := filepath.Abs(req.Path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	src := &source{Request: req, dir: path}
	if !info.IsDir() {
		return src, src.file(path)
	}
	return src, src.folder()
}

// file is a source that is one file.
func (s *source) file(path string) error {
	s.dir, s.files = filepath.Dir(path), []string{filepath.Base(path)}
	if s.Language == "" {
		s.Language = bySuffix[filepath.Ext(path)]
	}
	if s.Language == "" {
		return fmt.Errorf("%s: cannot tell its language by its name: say --lang, one of %s", filepath.Base(path), languageList())
	}
	return nil
}

// folder is a source that is a folder.
func (s *source) folder() error {
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	found := map[Language][]string{}
	for _, e := range list {
		l := bySuffix[filepath.Ext(e.Name())]
		declared := strings.HasSuffix(e.Name(), ".d.ts") || strings.HasSuffix(e.Name(), ".test.js") || strings.HasSuffix(e.Name(), ".test.ts")
		if e.IsDir() || l == "" || l == Wasm || declared || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		found[l] = append(found[l], e.Name())
	}
	if s.Language == "" {
		if s.Language, err = s.choose(found); err != nil {
			return err
		}
	}
	switch s.Language {
	case JavaScript, TypeScript:
		entry, err := s.entry(append(found[TypeScript], found[JavaScript]...))
		s.files = []string{entry}
		return err
	case CPP:
		s.files = append(found[C], found[CPP]...)
	case Wasm:
		return fmt.Errorf("%s is a folder: name the module in it", s.dir)
	default:
		s.files = found[s.Language]
	}
	return nil
}

// choose finds the language of a folder.
func (s *source) choose(found map[Language][]string) (Language, error) {
	for _, m := range markers {
		if s.exists(m.name) {
			return m.language, nil
		}
	}
	for _, name := range entries {
		if s.exists(name) {
			return bySuffix[filepath.Ext(name)], nil
		}
	}
	if len(found[CPP]) > 0 {
		delete(found, C) // C beside C++ is part of it
	}
	if len(found[TypeScript]) > 0 {
		delete(found, JavaScript)
	}
	var names []string
	for l := range found {
		names = append(names, string(l))
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return "", fmt.Errorf("%s: nothing to build here: no go.mod, Cargo.toml, asconfig.json, build.zig, *.c, *.js, *.ts or *.zig.\n"+
			"Begin an extension with: aril new --lang js my-extension", s.dir)
	case 1:
		return Language(names[0]), nil
	}
	return "", fmt.Errorf("%s: there are files of several languages (%s): say --lang, or name the file", s.dir, strings.Join(names, ", "))
}

// entry finds the file that a script begins in.
func (s *source) entry(scripts []string) (string, error) {
	for _, name := range entries {
		if s.exists(name) {
			return name, nil
		}
	}
	switch len(scripts) {
	case 0:
		return "", fmt.Errorf("%s: there is no script: write index.js or index.ts", s.dir)
	case 1:
		return scripts[0], nil
	}
	return "", fmt.Errorf("%s: cannot tell which script is first: call it index.js or index.ts, or name it (%s)", s.dir, strings.Join(scripts, ", "))
}

func (s *source) exists(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, name))
	return err == nil
}

func languageList() string {
	var names []string
	for _, l := range Languages() {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}
