package codec

import (
	"crypto/rand"
	"reflect"
)

// Handles is the Session of one activation. The zero value is ready. It is
// not safe for concurrent use: an activation runs on one goroutine.
type Handles struct {
	// Max is how many values may be held. Default 4,096.
	Max int

	held  map[[16]byte]any
	known map[any][16]byte // of pointers and channels: the same one keeps its handle
}

// Hold gives v a random handle that cannot be guessed. A pointer or channel
// that is held already keeps its handle, so that guests can compare. It
// reports false when Max values are held.
func (h *Handles) Hold(v any) (handle [16]byte, ok bool) {
	kind := reflect.ValueOf(v).Kind()
	comparable := kind == reflect.Pointer || kind == reflect.Chan
	if comparable {
		if handle, ok := h.known[v]; ok {
			return handle, true
		}
	}
	if len(h.held) >= orDefault(h.Max, 4096) {
		return handle, false
	}
	rand.Read(handle[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	if h.held == nil {
		h.held = make(map[[16]byte]any)
	}
	h.held[handle] = v
	if comparable {
		if h.known == nil {
			h.known = make(map[any][16]byte)
		}
		h.known[v] = handle
	}
	return handle, true
}

// Lookup gives the value held under handle since the last Reset.
func (h *Handles) Lookup(handle [16]byte) (v any, ok bool) {
	v, ok = h.held[handle]
	return v, ok
}

// Reset lets go of every value. Their handles are stale from now on.
func (h *Handles) Reset() {
	if len(h.held) > 0 { // to clear an empty map takes a call all the same
		clear(h.held)
		clear(h.known)
	}
}
