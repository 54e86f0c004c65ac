package runtime

import (
	"context"
	"iter"
)

// Enclosing gives the operations that ctx runs inside of, innermost first:
// those around which extensions are running, up to the root of the chain. Two
// runs of one wrapped function show the same *Operation.
func Enclosing(ctx context.Context) iter.Seq[*Operation] {
	return func(yield func(*Operation) bool) {
		n := nodeOf(ctx)
		for ; n != nil && !n.chain.over.Load(); n = n.parent() {
			if n.op != nil && !yield(n.op) {
				return
			}
		}
	}
}
