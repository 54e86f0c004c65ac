//go:build linux && !aril_heap

package sandbox

import "golang.org/x/sys/unix"

const mapNoReserve = unix.MAP_NORESERVE

// zero makes [from, to) zero and, where it is much, gives its pages back. Both
// are multiples of the page size.
func (r *region) zero(from, to uint64) {
	b := r.mapped[from:to]
	if len(b) <= fewBytes || unix.Madvise(b, unix.MADV_DONTNEED) != nil {
		clear(b)
	}
}

// adviseRegion keeps guest memory out of core dumps and out of huge pages: a
// small guest would be charged 2 MiB for its first byte. Both are hints.
func adviseRegion(b []byte) {
	_ = unix.Madvise(b, unix.MADV_DONTDUMP)
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
}
