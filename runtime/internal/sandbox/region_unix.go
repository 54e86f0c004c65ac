//go:build unix && !aril_heap

package sandbox

import "golang.org/x/sys/unix"

// A region is an address range reserved at once and committed by use.
type region struct{ mapped []byte }

func reserve(max uint64) (region, error) {
	if max == 0 {
		return region{}, nil
	}
	b, err := unix.Mmap(-1, 0, int(max), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|mapNoReserve)
	if err != nil {
		return region{}, err
	}
	adviseRegion(b)
	return region{mapped: b}, nil
}

func (r *region) bytes() []byte { return r.mapped }

func (r *region) release() {
	if r.mapped != nil {
		_ = unix.Munmap(r.mapped) // fails for a range that is not ours, which it is
		r.mapped = nil
	}
}
