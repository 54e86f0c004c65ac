//go:build unix && !linux && !aril_heap

package sandbox

const mapNoReserve = 0

// zero makes [from, to) zero. MADV_DONTNEED does not do that here.
func (r *region) zero(from, to uint64) { clear(r.mapped[from:to]) }

func adviseRegion([]byte) {}
