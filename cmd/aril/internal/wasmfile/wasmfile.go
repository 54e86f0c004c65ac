// Package wasmfile looks at a module's sections, and takes an export out, for
// tools: it validates nothing that admission validates anyway.
package wasmfile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Ids of sections.
const (
	custom       = 0
	typeID       = 1
	importID     = 2
	exportID     = 7
	exportKinds  = 4 // function, table, memory, global
	headerLength = 8
)

var errCut = errors.New("not a WebAssembly module: it is cut short")

// A Section is one section of a module.
type Section struct {
	ID      byte
	Name    string // of a custom section
	Content []byte // after the name; aliases the module
	Size    int    // in the file, with what says its length
}

// Sections lists a module's sections in their order.
func Sections(module []byte) ([]Section, error) {
	if len(module) < headerLength || string(module[:headerLength]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("not a WebAssembly module: it does not begin with \\0asm and version 1")
	}
	var sections []Section
	r := reader{b: module, at: headerLength}
	for r.at < len(module) {
		from := r.at
		s := Section{ID: r.byte()}
		s.Content = r.bytes()
		s.Size = r.at - from
		if s.ID == custom {
			c := reader{b: s.Content}
			s.Name = string(c.bytes())
			if c.bad {
				return nil, fmt.Errorf("not a WebAssembly module: the custom section at offset %d has no name", from)
			}
			s.Content = s.Content[c.at:]
		}
		if r.bad {
			return nil, fmt.Errorf("not a WebAssembly module: the section at offset %d does not fit", from)
		}
		sections = append(sections, s)
	}
	return sections, nil
}

// Exports lists the names that a module exports, in their order.
func Exports(module []byte) ([]string, error) {
	var names []string
	err := eachExport(module, func(name string, _ []byte) { names = append(names, name) })
	return names, err
}

// An Import is one function that a module imports.
type Import struct {
	Module, Name string
	Message      bool // of the type of an embedder's functions, (i32, i32) -> i64
}

// messageType is that type as it stands in a module.
const messageType = "\x60\x02\x7f\x7f\x01\x7e"

// Imports lists the functions that a module imports, in their order.
func Imports(module []byte) ([]Import, error) {
	sections, err := Sections(module)
	if err != nil {
		return nil, err
	}
	var types []string
	var imports []Import
	for _, s := range sections {
		r := reader{b: s.Content}
		switch s.ID {
		case typeID:
			for n := r.uint(); n > 0 && !r.bad; n-- {
				from := r.at
				r.byte()
				r.bytes() // parameters, a byte each
				r.bytes() // results
				types = append(types, string(s.Content[from:r.at]))
			}
		case importID:
			for n := r.uint(); n > 0 && !r.bad; n-- {
				im := Import{Module: string(r.bytes()), Name: string(r.bytes())}
				if t, function := r.description(); function {
					im.Message = t < uint64(len(types)) && types[t] == messageType
					imports = append(imports, im)
				}
			}
		}
		if r.bad {
			return nil, errCut
		}
	}
	return imports, nil
}

// WithoutExport returns a copy of a module that does not export a name.
func WithoutExport(module []byte, name string) ([]byte, error) {
	sections, err := Sections(module)
	if err != nil {
		return nil, err
	}
	var entries []byte
	kept := uint64(0)
	err = eachExport(module, func(n string, entry []byte) {
		if n != name {
			entries = append(entries, entry...)
			kept++
		}
	})
	if err != nil {
		return nil, err
	}
	content := append(binary.AppendUvarint(nil, kept), entries...)
	out := append(make([]byte, 0, len(module)), module[:headerLength]...)
	at := headerLength
	for _, s := range sections {
		if s.ID == exportID {
			out = append(binary.AppendUvarint(append(out, exportID), uint64(len(content))), content...)
		} else {
			out = append(out, module[at:at+s.Size]...)
		}
		at += s.Size
	}
	return out, nil
}

func eachExport(module []byte, do func(name string, entry []byte)) error {
	sections, err := Sections(module)
	if err != nil {
		return err
	}
	for _, s := range sections {
		if s.ID != exportID {
			continue
		}
		r := reader{b: s.Content}
		for n := r.uint(); n > 0 && !r.bad; n-- {
			from := r.at
			name := string(r.bytes())
			if r.byte() >= exportKinds {
				r.bad = true
			}
			r.uint()
			if !r.bad {
				do(name, s.Content[from:r.at])
			}
		}
		if r.bad {
			return errCut
		}
	}
	return nil
}

// A reader reads what fits; past the end it is bad and stays so.
type reader struct {
	b   []byte
	at  int
	bad bool
}

func (r *reader) byte() byte {
	if r.bad || r.at >= len(r.b) {
		r.bad = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) uint() uint64 {
	if r.bad {
		return 0
	}
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 || n > 10 {
		r.bad = true
		return 0
	}
	r.at += n
	return v
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if r.bad || n > uint64(len(r.b)-r.at) {
		r.bad = true
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at]
}

// description reads what an import is: the number of its type, for a function.
func (r *reader) description() (typ uint64, function bool) {
	limits := func() {
		if r.byte()&1 == 1 {
			r.uint()
		}
		r.uint()
	}
	switch r.byte() {
	case 0:
		return r.uint(), true
	case 1: // a table: element type, limits
		r.byte()
		limits()
	case 2: // a memory
		limits()
	case 3: // a global: type, mutability
		r.byte()
		r.byte()
	default:
		r.bad = true
	}
	return 0, false
}
