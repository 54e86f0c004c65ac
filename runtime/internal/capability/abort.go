package capability

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// abortText is how much of each string of AssemblyScript's abort is read.
const abortText = 1 << 10

// abort is env.abort(message, file, line, column). It does not come back.
func abort(c call, args []uint64) {
	message, file := c.utf16At(args[0]), c.utf16At(args[1])
	c.owner.PanicMessage(fmt.Sprintf("abort: %s (%s:%d:%d)", message, file, args[2], args[3]))
	c.Abort(sandbox.ErrTrap)
}

// utf16At reads an AssemblyScript string: UTF-16LE, its length in bytes in the
// u32 before it. One that is not all in memory is left out.
// https://www.assemblyscript.org/runtime.html#memory-layout
func (c call) utf16At(ptr uint64) string {
	const head = 4
	if ptr < head {
		return ""
	}
	b, ok := c.Read(ptr-head, head)
	if !ok {
		return ""
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	text, ok := c.pair(ptr, size)
	if !ok {
		return ""
	}
	text = text[:min(len(text), abortText)]
	c.ChargeBytes(uint64(len(text)))
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(text[2*i:])
	}
	clean, _ := printable([]byte(string(utf16.Decode(units))), abortText)
	return clean
}
