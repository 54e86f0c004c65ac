//go:build !unix || aril_heap

package sandbox

// A region is memory of Go's heap, where there is no mmap. It is reserved
// whole, so that it does not move when the guest grows it.
type region struct{ heap []byte }

func reserve(max uint64) (region, error) { return region{heap: make([]byte, max)}, nil }

func (r *region) bytes() []byte { return r.heap }
func (r *region) release()      { r.heap = nil }

// zero makes [from, to) zero.
func (r *region) zero(from, to uint64) { clear(r.heap[from:to]) }
