package capability

import (
	"io"

	"github.com/aril-wasm/aril/abi"
)

const (
	// randomMax is how many bytes one call of fill gives.
	randomMax = 64 << 10

	// wasiRandomMax is more: libraries ask for what they need and break when
	// they do not get it.
	wasiRandomMax = 1 << 20

	randomChunk = 4 << 10
)

// randomFill is aril_random_v1.fill(buf, len).
func randomFill(c call, args []uint64) (abi.Status, uint32) {
	buf, n := args[0], args[1]
	if !c.inside(buf, n) {
		return abi.Invalid, 0
	}
	if n > randomMax {
		return abi.TooLarge, 0
	}
	if c.random(buf, n) != nil {
		return abi.Unavailable, 0
	}
	return abi.OK, uint32(n)
}

// random bills and fills n bytes at ptr, which must be inside memory.
func (c call) random(ptr, n uint64) error {
	c.ChargeBytes(n)
	chunk := make([]byte, min(n, randomChunk))
	for n > 0 {
		chunk = chunk[:min(n, randomChunk)]
		if _, err := io.ReadFull(c.owner.Random(), chunk); err != nil {
			return err
		}
		c.Write(ptr, chunk)
		ptr += uint64(len(chunk))
		n -= uint64(len(chunk))
	}
	return nil
}
