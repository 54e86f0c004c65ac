//go:build linux && !aril_heap

package sandbox

import "golang.org/x/sys/unix"

const mapNoReserve = unix.MAP_NORESERVE

// adviseRegion keeps guest memory out of core dumps and out of huge pages: a
// small guest would be charged 2 MiB for its first byte. Both are hints.
func adviseRegion(b []byte) {
	_ = unix.Madvise(b, unix.MADV_DONTDUMP)
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
}
