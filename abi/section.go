package abi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/abi/names"
)

var moduleHeader = []byte("\x00asm\x01\x00\x00\x00")

// Sections are what a module carries for the host beside what runs.
type Sections struct {
	Core     []byte // the module without the two; the module itself, not a copy, when it ends in them or lacks them
	Manifest []byte // content of section "aril", or nil
	Script   []byte // content of section "aril.script", or nil
}

// SplitSections takes the sections "aril" and "aril.script" out of a module.
// The parts alias module. It looks at no other content, and fails only where
// one of the two is there twice: from bytes that are no section on, everything
// is Core, and for admission to refuse.
func SplitSections(module []byte) (Sections, error) {
	var s Sections
	if !bytes.HasPrefix(module, moduleHeader) {
		s.Core = module
		return s, nil
	}
	core, apart := len(moduleHeader), false // Core is module[:core], or a copy
	s.Core = module[:core:core]
	for at := len(moduleHeader); at < len(module); {
		end, content, ok := sectionAt(module, at)
		to := &s.Core
		if !ok {
			end = len(module)
		} else if name, rest, custom := customSection(module[at], content); custom {
			switch name {
			case names.SectionAril:
				to = &s.Manifest
			case names.SectionScript:
				to = &s.Script
			}
			if to != &s.Core {
				if *to != nil {
					return Sections{}, fmt.Errorf("the module has two sections %q", name)
				}
				*to = rest
			}
		}
		if to == &s.Core {
			if apart = apart || at != core; apart {
				s.Core = append(s.Core, module[at:end]...)
			} else {
				core = end
				s.Core = module[:core:core]
			}
		}
		at = end
	}
	return s, nil
}

// sectionAt finds where the section at an offset ends, and its content.
func sectionAt(module []byte, at int) (end int, content []byte, ok bool) {
	size, n := binary.Uvarint(module[at+1:])
	if n <= 0 || n > 5 || size > uint64(len(module)-at-1-n) {
		return 0, nil, false
	}
	end = at + 1 + n + int(size)
	return end, module[at+1+n : end : end], true
}

// customSection reads the name of a custom section; what follows is never nil.
func customSection(id byte, content []byte) (name string, rest []byte, ok bool) {
	size, n := binary.Uvarint(content)
	if id != 0 || n <= 0 || size > uint64(len(content)-n) {
		return "", nil, false
	}
	return string(content[n : n+int(size)]), content[n+int(size):], true
}

// PackManifest returns a copy of a module with m as its section "aril", in
// place of one that it may have. It validates m, and of the module no more
// than it needs: that it is a sequence of sections.
func PackManifest(module []byte, m *Manifest) ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	content, err := m.MarshalMsg(nil)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return pack(module, names.SectionAril, content)
}

// PackScript returns a copy of a module with script as its section
// "aril.script", in place of one that it may have.
func PackScript(module, script []byte) ([]byte, error) {
	return pack(module, names.SectionScript, script)
}

func pack(module []byte, section string, content []byte) ([]byte, error) {
	if !bytes.HasPrefix(module, moduleHeader) {
		return nil, errors.New("not a WebAssembly module: it does not begin with \\0asm and version 1")
	}
	out := append(make([]byte, 0, len(module)+len(content)+32), moduleHeader...)
	for at := len(moduleHeader); at < len(module); {
		end, old, ok := sectionAt(module, at)
		if !ok {
			return nil, fmt.Errorf("not a WebAssembly module: the section at offset %d does not fit", at)
		}
		if name, _, custom := customSection(module[at], old); !custom || name != section {
			out = append(out, module[at:end]...)
		}
		at = end
	}
	out = append(out, 0) // a custom section
	out = binary.AppendUvarint(out, uint64(1+len(section)+len(content)))
	out = append(append(out, byte(len(section))), section...)
	return append(out, content...), nil
}
