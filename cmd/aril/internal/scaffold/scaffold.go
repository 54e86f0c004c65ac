// Package scaffold lays down the beginning of an extension: source, cases, and
// the SDK beside it, so that it builds and passes its cases with no network.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/typegen"
)

//go:embed all:templates
var templates embed.FS

// SDKFolder is where the SDK lies in a new extension.
const SDKFolder = "aril"

// Options say what to lay down.
type Options struct {
	Dir      string // the new folder; its last part is the extension's name
	Language build.Language
	Types    *typegen.Description // of a host's operations; nil for none
	TypesOf  string               // the file that Types came from
}

// A Result lists what was written.
type Result struct {
	Name  string
	Files []string // of the author's own, relative to the folder, sorted
	SDK   int      // files in the SDK's folder
	Build string   // commands that build and test it
}

// data is what templates see.
type data struct {
	Name      string // of the extension: "order-audit"
	Ident     string // "order_audit"
	Camel     string // "OrderAudit"
	Language  string
	SDK       string
	Operation operation
	Names     []string // of all operations
	Kinds     []string
	Main      string // the file to begin in
	TypesFile string // "" without types
	InputType string // in the language, where the first operation's input is a struct; else ""

	InputSnake string // the same, as C names it
}

// An operation is the one that the cases are about.
type operation struct {
	Kind, Name    string
	Input, Result string // in the cases' form of JSON
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Languages are those that New knows, in order of the help.
func Languages() []build.Language {
	return []build.Language{build.Go, build.Rust, build.C, build.AssemblyScript, build.JavaScript, build.TypeScript, build.Zig}
}

// New writes an extension into a folder that is not there or is empty. What
// it wrote before an error is taken away.
func New(o Options) (_ *Result, err error) {
	kit, ok := kits[o.Language]
	if !ok {
		return nil, fmt.Errorf("there is no scaffold for %q: one of %s", o.Language, languageList())
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(dir)
	if !validName.MatchString(name) {
		return nil, fmt.Errorf("%q is no name for an extension: use small letters, digits, '.', '_' and '-', at most 64, the first a letter or digit", name)
	}
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case len(list) > 0:
		return nil, fmt.Errorf("%s is not empty: choose another name, or empty it", dir)
	}
	files := map[string][]byte{}
	if err := render(files, kit, newData(name, o, kit)); err != nil {
		return nil, err
	}
	if o.Types != nil && kit.types != nil {
		if err := addTypes(files, kit, o); err != nil {
			return nil, err
		}
	}
	res := &Result{Name: name}
	for f := range files {
		res.Files = append(res.Files, f)
	}
	slices.Sort(res.Files)
	own := len(files)
	if err := kit.sdk(files); err != nil {
		return nil, err
	}
	res.SDK = len(files) - own
	return res, writeAll(dir, files)
}

// newData makes what templates see.
func newData(name string, o Options, k kit) data {
	d := data{Name: name, Ident: typegen.Snake(name), Camel: typegen.Camel(name), Language: o.Language.Title(), SDK: SDKFolder, Main: k.main}
	d.Operation = operation{Kind: "execution", Name: "order.place", Input: `{"sku": "A-1", "count": 2}`, Result: `{"receipt": 7}`}
	if o.Types == nil {
		return d
	}
	if k.types != nil {
		d.TypesFile = k.types[0]
	}
	for _, op := range o.Types.Operations {
		if !slices.Contains(d.Names, op.Name) {
			d.Names = append(d.Names, op.Name)
		}
		if !slices.Contains(d.Kinds, op.Kind) {
			d.Kinds = append(d.Kinds, op.Kind)
		}
	}
	first := o.Types.Operations[0]
	d.Operation = operation{first.Kind, first.Name, typegen.Sample(first.Input), typegen.Sample(first.Result)}
	if k.types != nil && first.Input.Form == typegen.Struct && !first.Input.Nullable {
		d.InputType, d.InputSnake = first.Input.Object.Name, typegen.Snake(first.Input.Object.Name)
	}
	return d
}

// render fills in the templates: those of all languages, then the language's
// own. A file is named as its template without ".tmpl"; "dot." begins one
// whose name begins with a dot.
func render(files map[string][]byte, k kit, d data) error {
	for _, root := range []string{"common", k.templates} {
		root = path.Join("templates", root)
		err := fs.WalkDir(templates, root, func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := fs.ReadFile(templates, p)
			if err != nil {
				return err
			}
			t, err := template.New(p).Option("missingkey=error").Parse(string(text))
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := t.Execute(&b, d); err != nil {
				return err
			}
			name := strings.TrimSuffix(strings.TrimPrefix(p, root+"/"), ".tmpl")
			if base, ok := strings.CutPrefix(path.Base(name), "dot."); ok {
				name = path.Join(path.Dir(name), "."+base)
			}
			files[strings.ReplaceAll(name, "NAME", d.Name)] = b.Bytes()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addTypes writes the types of a host's operations.
func addTypes(files map[string][]byte, k kit, o Options) error {
	made, err := typegen.Files(o.Types, o.Language, filepath.Base(o.TypesOf))
	if err != nil {
		return err
	}
	for name, text := range made {
		files[path.Join(k.typesDir, name)] = text
	}
	return nil
}

// writeAll writes all files or none.
func writeAll(dir string, files map[string][]byte) (err error) {
	_, before := os.Stat(dir)
	defer func() {
		if err == nil {
			return
		}
		for name := range files {
			os.Remove(filepath.Join(dir, filepath.FromSlash(name)))
		}
		if before != nil {
			os.RemoveAll(dir)
		}
	}()
	for name, text := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if bytes.HasPrefix(text, []byte("#!")) {
			mode = 0o755
		}
		if err := os.WriteFile(to, text, mode); err != nil {
			return err
		}
	}
	return nil
}

func languageList() string {
	var names []string
	for _, l := range Languages() {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}
