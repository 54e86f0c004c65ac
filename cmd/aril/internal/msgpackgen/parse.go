// Package msgpackgen writes the methods AppendMsgpack and DecodeMsgpack that
// the Go SDK asks of an author's struct types.
//
// It reads syntax alone and no types: the package need not compile, which it
// does not before the methods are there.
package msgpackgen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const (
	guestPath   = "github.com/aril-wasm/aril/guest-sdk/go/guest"
	msgpackPath = guestPath + "/msgpack"
)

// A pkg is what is known of the package around the file.
type pkg struct {
	fset    *token.FileSet
	name    string
	types   map[string]ast.Expr        // declared types, by name
	methods map[string]map[string]bool // written by hand, by type
}

// A structType is one for which methods are made.
type structType struct {
	name   string
	fields []field
}

type field struct {
	name      string // in Go
	key       string // in messages
	omitEmpty bool
	typ       ast.Expr
}

// File makes the methods for the struct types of one file that have none: all
// of them, or those that are named. It gives the text of a Go file.
func File(path string, names ...string) ([]byte, error) {
	p, file, imports, err := readPackage(path)
	if err != nil {
		return nil, err
	}
	var structs []structType
	for _, name := range names {
		if _, ok := p.types[name].(*ast.StructType); !ok {
			return nil, fmt.Errorf("%s: there is no struct type %s", filepath.Base(path), name)
		}
	}
	var errs []error
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			ts := spec.(*ast.TypeSpec)
			body, ok := ts.Type.(*ast.StructType)
			wanted := slices.Contains(names, ts.Name.Name) ||
				len(names) == 0 && !p.methods[ts.Name.Name]["AppendMsgpack"] && !p.methods[ts.Name.Name]["DecodeMsgpack"]
			if !ok || !wanted || ts.Assign.IsValid() {
				continue
			}
			if ts.TypeParams != nil {
				errs = append(errs, fmt.Errorf("type %s: a type with parameters is written by hand", ts.Name.Name))
				continue
			}
			st := structType{name: ts.Name.Name}
			if st.fields, err = fields(st.name, body); err != nil {
				errs = append(errs, err)
				continue
			}
			structs = append(structs, st)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(structs) == 0 {
		return nil, fmt.Errorf("%s: there is no struct type without the two methods", filepath.Base(path))
	}
	return p.generate(path, structs, imports)
}

// readPackage reads the file, and of the others in its folder what they
// declare. What this package made before does not count.
func readPackage(path string) (*pkg, *ast.File, map[string]string, error) {
	p := &pkg{fset: token.NewFileSet(), types: map[string]ast.Expr{}, methods: map[string]map[string]bool{}}
	file, err := parser.ParseFile(p.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, nil, err
	}
	p.name = file.Name.Name
	p.declare(file)
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range list {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == filepath.Base(path) || name == filepath.Base(Output(path)) {
			continue
		}
		other, err := parser.ParseFile(p.fset, filepath.Join(filepath.Dir(path), name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, nil, err
		}
		if other.Name.Name == p.name {
			p.declare(other)
		}
	}
	imports := map[string]string{}
	for _, im := range file.Imports {
		target, err := strconv.Unquote(im.Path.Value)
		if err != nil {
			return nil, nil, nil, err
		}
		name := target[strings.LastIndexByte(target, '/')+1:]
		if im.Name != nil {
			name = im.Name.Name
		}
		imports[name] = target
	}
	return p, file, imports, nil
}

// Output names the file that goes with one: order.go → order_msgpack.go.
func Output(path string) string { return strings.TrimSuffix(path, ".go") + "_msgpack.go" }

func (p *pkg) declare(f *ast.File) {
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if ts, ok := spec.(*ast.TypeSpec); ok {
					p.types[ts.Name.Name] = ts.Type
				}
			}
		case *ast.FuncDecl:
			if d.Recv == nil || len(d.Recv.List) != 1 {
				continue
			}
			t := d.Recv.List[0].Type
			if star, ok := t.(*ast.StarExpr); ok {
				t = star.X
			}
			if id, ok := t.(*ast.Ident); ok {
				if p.methods[id.Name] == nil {
					p.methods[id.Name] = map[string]bool{}
				}
				p.methods[id.Name][d.Name.Name] = true
			}
		}
	}
}

// fields lists what crosses: exported fields, by the name in the tag msg, then
// json, then their own, as hosts do.
func fields(typ string, body *ast.StructType) ([]field, error) {
	var list []field
	for _, f := range body.Fields.List {
		tag := reflect.StructTag("")
		if f.Tag != nil {
			text, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				return nil, err
			}
			tag = reflect.StructTag(text)
		}
		spec, ok := tag.Lookup("msg")
		if !ok {
			spec = tag.Get("json")
		}
		key, options, _ := strings.Cut(spec, ",")
		if spec == "-" {
			continue
		}
		if len(f.Names) == 0 {
			return nil, fmt.Errorf("type %s: an embedded field is not written: name it, or write the methods by hand", typ)
		}
		for _, name := range f.Names {
			if !name.IsExported() {
				continue
			}
			fd := field{name: name.Name, key: key, typ: f.Type,
				omitEmpty: slices.ContainsFunc(strings.Split(options, ","), func(o string) bool { return o == "omitempty" || o == "omitzero" })}
			if fd.key == "" {
				fd.key = name.Name
			}
			if slices.ContainsFunc(list, func(o field) bool { return o.key == fd.key }) {
				return nil, fmt.Errorf("type %s: two fields are called %q", typ, fd.key)
			}
			list = append(list, fd)
		}
	}
	return list, nil
}
