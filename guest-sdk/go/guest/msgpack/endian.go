package msgpack

// Package encoding/binary would bring reflect into every guest.

func bigEndian16(p []byte) uint16 { return uint16(p[1]) | uint16(p[0])<<8 }

func bigEndian32(p []byte) uint32 {
	_ = p[3]
	return uint32(p[3]) | uint32(p[2])<<8 | uint32(p[1])<<16 | uint32(p[0])<<24
}

func bigEndian64(p []byte) uint64 {
	return uint64(bigEndian32(p))<<32 | uint64(bigEndian32(p[4:]))
}
