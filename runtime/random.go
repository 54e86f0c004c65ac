package runtime

import (
	crand "crypto/rand"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/aril-wasm/aril/abi/names"
)

// randomness is where a Runtime's guests get their random bytes from.
type randomness struct {
	secret io.Reader     // for aril_random_v1
	seeded *seededSource // of Config.Seed, nil for none
}

func newRandomness(seed *[32]byte) randomness {
	if seed == nil {
		return randomness{secret: crand.Reader}
	}
	s := &seededSource{source: rand.NewChaCha8(*seed)}
	return randomness{s, s}
}

// uint64 gives bits that seed generators and are no keys: a guest that needs
// secrets uses aril_random_v1.
func (r *randomness) uint64() uint64 {
	if r.seeded != nil {
		return r.seeded.uint64()
	}
	return rand.Uint64()
}

// stream gives a generator of uint64's bits for one goroutine at a time, which
// asks less of the processor; nil where the seeded one serves all in turn.
func (r *randomness) stream() *rand.ChaCha8 {
	if r.seeded != nil {
		return nil
	}
	var seed [32]byte
	r.appendEntropy(seed[:0])
	return rand.NewChaCha8(seed)
}

// appendEntropy adds the 32 bytes of a header.
func (r *randomness) appendEntropy(dst []byte) []byte {
	for range names.EntropySize / 8 {
		dst = binary.LittleEndian.AppendUint64(dst, r.uint64())
	}
	return dst
}

// A seededSource may be used from any goroutine.
type seededSource struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (s *seededSource) uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Uint64()
}

func (s *seededSource) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(b)
}
