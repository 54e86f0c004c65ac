package guest

import (
	"unsafe"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// Invoke calls a function of a capability that the host program offers of its
// own. The author declares it, in a file that is built for wasip1:
//
//	//go:wasmimport acme_stock_v1 reserve
//	func reserve(message unsafe.Pointer, length uint32) uint64
//
// and calls it with an argument that [Of] takes:
//
//	answer, err := guest.Invoke(reserve, map[string]any{"sku": "A-1", "count": 2})
//
// The error is an [*Error] when the function failed and a [Status] when it did
// not run. The answer is the extension's to keep.
func Invoke(function func(unsafe.Pointer, uint32) uint64, argument any) (Value, error) {
	in := self()
	if in == nil {
		return Value{}, ErrPhase
	}
	message, err := in.encode(argument)
	if err != nil {
		return Value{}, err
	}
	status, n := host.Unpack(function(unsafe.Pointer(unsafe.SliceData(message)), uint32(len(message))))
	if status != names.StatusOK && status != names.StatusFailed {
		in.restore(message)
		return Value{}, Status(status)
	}
	answer, err := in.message(n, nil)
	in.restore(message)
	if err != nil || status == names.StatusOK {
		return Value{raw: answer}, err
	}
	e, err := decodeError(answer)
	if err != nil {
		return Value{}, err
	}
	return Value{}, e
}
