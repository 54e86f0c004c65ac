package guest

import (
	"math/rand/v2"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// Rand is a source of random numbers that is seeded anew, with 32 random bytes
// of the host's, in each activation. The functions of math/rand/v2 itself are
// seeded once, before the extension's memory is frozen: under the isolation
// mode Fresh they repeat themselves in every activation.
//
// Within Init, which has no seed, it draws from math/rand/v2.
var Rand = rand.New(entropy{})

type entropy struct{}

func (entropy) Uint64() uint64 {
	in := self()
	a := in.running()
	if a == nil || len(a.header.parse().entropy) < names.EntropySize {
		return rand.Uint64()
	}
	if !in.seeded {
		in.random.Seed([names.EntropySize]byte(a.header.entropy))
		in.seeded = true
	}
	return in.random.Uint64()
}

// Random fills b with random bytes of the host's, fit for keys.
func Random(b []byte) error {
	const atOnce = 64 << 10
	for len(b) > 0 {
		part := b[:min(len(b), atOnce)]
		if status, _ := host.Unpack(host.Random(part)); status != names.StatusOK {
			return Status(status)
		}
		b = b[len(part):]
	}
	return nil
}
