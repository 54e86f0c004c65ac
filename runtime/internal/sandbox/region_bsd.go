//go:build unix && !linux && !aril_heap

package sandbox

const mapNoReserve = 0

func adviseRegion([]byte) {}
