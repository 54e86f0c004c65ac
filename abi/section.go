package abi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/abi/names"
)

var moduleHeader = []byte("\x00asm\x01\x00\x00\x00")

// PackManifest returns a copy of a module with m as its section "aril", in
// place of one that it may have. It validates m, and of the module no more
// than it needs: that it is a sequence of sections.
func PackManifest(module []byte, m *Manifest) ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(module, moduleHeader) {
		return nil, errors.New("not a WebAssembly module: it does not begin with \\0asm and version 1")
	}
	content, err := m.MarshalMsg(nil)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	out := append([]byte(nil), moduleHeader...)
	for at := len(moduleHeader); at < len(module); {
		size, n := binary.Uvarint(module[at+1:])
		if n <= 0 || n > 5 || size > uint64(len(module)-at-1-n) {
			return nil, fmt.Errorf("not a WebAssembly module: the section at offset %d does not fit", at)
		}
		end := at + 1 + n + int(size)
		if !isManifestSection(module[at], module[at+1+n:end]) {
			out = append(out, module[at:end]...)
		}
		at = end
	}
	name := append([]byte{byte(len(names.SectionAril))}, names.SectionAril...)
	out = append(out, 0) // a custom section
	out = binary.AppendUvarint(out, uint64(len(name)+len(content)))
	return append(append(out, name...), content...), nil
}

func isManifestSection(id byte, content []byte) bool {
	size, n := binary.Uvarint(content)
	return id == 0 && n > 0 && size == uint64(len(names.SectionAril)) &&
		bytes.HasPrefix(content[n:], []byte(names.SectionAril))
}
