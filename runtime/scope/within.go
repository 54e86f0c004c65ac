package scope

import (
	"context"

	aril "github.com/aril-wasm/aril/runtime"
)

// within reports whether ctx is inside a wrap of this very operation.
func within(ctx context.Context, op *ResolveOperation) bool {
	for outer := range aril.Enclosing(ctx) {
		if r, ok := outer.Params.(*ResolveOperation); ok && r == op {
			return true
		}
	}
	return false
}
