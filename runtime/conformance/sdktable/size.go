package main

import (
	"encoding/binary"
	"errors"
)

// runningBytes is how large a module is without its custom sections.
func runningBytes(module []byte) (int, error) {
	const header = 8
	if len(module) < header {
		return 0, errors.New("it is no module")
	}
	n := header
	for at := header; at < len(module); {
		size, width := binary.Uvarint(module[at+1:])
		if width <= 0 || size > uint64(len(module)-at-1-width) {
			return 0, errors.New("it is cut off")
		}
		next := at + 1 + width + int(size)
		if module[at] != 0 {
			n += next - at
		}
		at = next
	}
	return n, nil
}
